/* What this version is called. */
#ifndef INADEKIT_BASE_VERSION_H
#define INADEKIT_BASE_VERSION_H

/* "inadekit 0.1.0 (plugin interface 1.0)" */
const char *ik__version_text(void);

#endif
