/* Plays packetdrill's part before the library that is named:
 *
 *   player LIBRARY                  all scenarios
 *   player LIBRARY SCENARIO         the one of that name
 *   player LIBRARY SCRIPT.pkt ...   scripts in packetdrill's language
 *
 * One line for each that goes wrong, and one with the counts. */

#include "play.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct scenario *const chapters[] = {
	opening_scenarios, data_scenarios, closing_scenarios,	timing_scenarios, waiting_scenarios,
	option_scenarios,  readiness_scenarios, udp_scenarios, other_scenarios,
};

/* How long a scenario may take, on a clock on the wall. */
enum { LIMIT_SECONDS = 60 };

static int passed, failed;

/* Plays one, in a process of its own. Without a function it is a script. */
static void play(const char *name, void (*scenario)(void))
{
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		alarm(LIMIT_SECONDS);
		printf("%s: ", name);
		if (scenario != NULL)
			scenario();
		else
			play_script(name);
		_exit(0);
	}
	int status = -1;
	waitpid(child, &status, 0);
	if (WIFSIGNALED(status))
		printf("%s: ended by signal %d (%s)\n", name, WTERMSIG(status),
		       strsignal(WTERMSIG(status)));
	if (status == 0)
		passed++;
	else
		failed++;
}

static bool is_script(const char *name)
{
	const char *dot = strrchr(name, '.');
	return dot != NULL && strcmp(dot, ".pkt") == 0;
}

int main(int count, char **arguments)
{
	if (count < 2) {
		fprintf(stderr, "player: name the library: player LIBRARY [SCENARIO]\n");
		return 2;
	}
	void *library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (library == NULL) {
		fprintf(stderr, "player: %s\n", dlerror());
		return 1;
	}
	*(void **)&library_init = dlsym(library, "packetdrill_interface_init");
	if (library_init == NULL) {
		fprintf(stderr, "player: %s\n", dlerror());
		return 1;
	}
	for (int i = 2; i < count; i++) {
		if (is_script(arguments[i]))
			play(arguments[i], NULL);
	}
	for (size_t i = 0; i < sizeof(chapters) / sizeof(chapters[0]); i++) {
		for (const struct scenario *it = chapters[i]; it->name != NULL; it++) {
			if (count == 2 || strcmp(arguments[2], it->name) == 0)
				play(it->name, it->play);
		}
	}
	printf("%d scenarios played well, %d went wrong\n", passed, failed);
	return failed == 0 && passed > 0 ? 0 : 1;
}
