/* The signals that ask for a clean stop: the user's, the system's, the terminal's that is gone, and
 * the limit of processor time. */
#ifndef INADEKIT_BASE_STOPPING_H
#define INADEKIT_BASE_STOPPING_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

enum { IK__STOPPING = 4 };
static const int ik__stopping[IK__STOPPING] = {SIGINT, SIGTERM, SIGHUP, SIGXCPU};

/* A run that was started with nohup goes on without its terminal. */
static inline bool ik__stops(int number) {
    struct sigaction now;
    return number != SIGHUP || sigaction(number, NULL, &now) || now.sa_handler != SIG_IGN;
}

#endif
