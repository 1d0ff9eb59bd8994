/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A line on a terminal that says what takes so long. */
#include "netmon/progress.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static struct {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t stop;
	bool running, stopping;
	const char *what;
} progress = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.stop = PTHREAD_COND_INITIALIZER,
};

static void *show(void *unused)
{
	struct timespec at;
	unsigned int seconds = 0;

	(void)unused;
	(void)clock_gettime(CLOCK_REALTIME, &at);
	(void)pthread_mutex_lock(&progress.lock);
	while (!progress.stopping) {
		at.tv_sec++;
		while (!progress.stopping && pthread_cond_timedwait(&progress.stop,
						     &progress.lock, &at) == 0)
			;
		if (progress.stopping)
			break;
		(void)fprintf(
			stderr, "\r\033[Knetmon: %s (%u s)", progress.what, ++seconds);
		(void)fflush(stderr);
	}
	if (seconds > 0)
		(void)fputs("\r\033[K", stderr);
	(void)pthread_mutex_unlock(&progress.lock);
	return NULL;
}

void progress_start(const char *what)
{
	if (progress.running || isatty(STDERR_FILENO) != 1)
		return;
	progress.what = what;
	progress.stopping = false;
	progress.running = pthread_create(&progress.thread, NULL, show, NULL) == 0;
}

void progress_phase(const char *what)
{
	(void)pthread_mutex_lock(&progress.lock);
	progress.what = what;
	(void)pthread_mutex_unlock(&progress.lock);
}

void progress_stop(void)
{
	if (!progress.running)
		return;
	(void)pthread_mutex_lock(&progress.lock);
	progress.stopping = true;
	(void)pthread_cond_signal(&progress.stop);
	(void)pthread_mutex_unlock(&progress.lock);
	(void)pthread_join(progress.thread, NULL);
	progress.running = false;
}
