/* Making sure that what was written is on the disk. */
#ifndef INADEKIT_BASE_DURABLE_H
#define INADEKIT_BASE_DURABLE_H

/* A rename is on the disk only when its folder is. Some file systems cannot sync one: no error. */
void ik__sync_folder(const char *path);
/* The folder that a file lies in. */
void ik__sync_folder_of(const char *file);

#endif
