/* Reads scripts in packetdrill's language, as much of it as those in tests/packetdrill use, and
 * plays them: system calls, blocking ones among them, and TCP packets. Times are held to within
 * packetdrill's tolerance. */

#include "play.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* By how many microseconds anything may be early or late. */
enum { TOLERANCE = 4000, MAX_FD = 64, MAX_ARGUMENTS = 6 };

static const char *path;
static int line;

#define wrong(...) fail(path, line, __VA_ARGS__)

static const struct {
	const char *name;
	long value;
} symbols[] = {
	{"SOCK_STREAM", SOCK_STREAM}, {"IPPROTO_TCP", IPPROTO_TCP}, {"SOL_SOCKET", SOL_SOCKET},
	{"SO_REUSEADDR", SO_REUSEADDR}, {"SO_ERROR", SO_ERROR}, {"F_GETFL", F_GETFL},
	{"F_SETFL", F_SETFL}, {"O_RDWR", O_RDWR}, {"O_NONBLOCK", O_NONBLOCK},
	{"SHUT_WR", SHUT_WR}, {"MSG_PEEK", MSG_PEEK}, {"POLLIN", POLLIN}, {"POLLOUT", POLLOUT},
	{"POLLERR", POLLERR}, {"POLLHUP", POLLHUP}, {"POLLRDHUP", POLLRDHUP},
	{"EINPROGRESS", EINPROGRESS}, {"EALREADY", EALREADY}, {"EISCONN", EISCONN},
	{"EPIPE", EPIPE}, {"EAGAIN", EAGAIN}, {"ECONNRESET", ECONNRESET},
};

/* One argument of a call: a number, a number in brackets, or a struct pollfd; or it does not
 * matter. */
struct argument {
	bool is_any;
	long number;
	struct pollfd polled;
};

struct step {
	int line;
	char name[32];
	struct argument arguments[MAX_ARGUMENTS];
	long result;
	int error;
	bool blocks;
	long long end; /* of one that blocks */
};

/* Where the reader stands. */
static const char *at;

static void skip_spaces(void)
{
	while (isspace((unsigned char)*at))
		at++;
}

static bool take(const char *text)
{
	skip_spaces();
	if (strncmp(at, text, strlen(text)) != 0)
		return false;
	at += strlen(text);
	return true;
}

static void need(const char *text)
{
	if (!take(text))
		wrong("'%s' should stand before '%s'", text, at);
}

static void take_word(char *word, size_t length)
{
	size_t count = 0;
	skip_spaces();
	while ((isalnum((unsigned char)*at) || *at == '_') && count + 1 < length)
		word[count++] = *at++;
	word[count] = 0;
}

static long take_one_number(void)
{
	skip_spaces();
	if (isdigit((unsigned char)*at) || *at == '-') {
		char *behind;
		long number = strtol(at, &behind, 0);
		at = behind;
		return number;
	}
	char word[32];
	take_word(word, sizeof(word));
	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		if (strcmp(word, symbols[i].name) == 0)
			return symbols[i].value;
	}
	wrong("'%s' is unknown", word[0] ? word : at);
}

static long take_number(void)
{
	long number = take_one_number();
	while (take("|"))
		number |= take_one_number();
	return number;
}

static long long take_time(void)
{
	skip_spaces();
	char digits[32];
	size_t count = 0;
	/* "0...0.2" is a time, three dots, and a time. */
	while ((isdigit((unsigned char)*at) || (*at == '.' && at[1] != '.')) &&
	       count + 1 < sizeof(digits))
		digits[count++] = *at++;
	digits[count] = 0;
	return (long long)(atof(digits) * 1e6 + 0.5);
}

static struct argument take_argument(void)
{
	struct argument argument = {0};
	if (take("...")) {
		argument.is_any = true;
	} else if (take("[{")) {
		need("fd=");
		argument.polled.fd = take_number();
		need(", events=");
		argument.polled.events = take_number();
		need(", revents=");
		argument.polled.revents = take_number();
		need("}]");
	} else if (take("[")) {
		argument.number = take_number();
		need("]");
	} else {
		argument.number = take_number();
	}
	return argument;
}

/* The script's numbers of descriptors, and ours. */
static int live[MAX_FD];

static int live_fd(long fd)
{
	if (fd < 0 || fd >= MAX_FD || live[fd] < 0)
		wrong("descriptor %ld is not open", fd);
	return live[fd];
}

/* How far each stream was given and read. */
static uint32_t given, taken;

static long receive(int fd, long length, int flags)
{
	uint8_t *buffer = malloc(length + 1);
	long count = call(recv, fd, buffer, length, flags);
	int error = errno;
	if (count > 0)
		expect_stream(buffer, 1 + taken, count);
	if (count > 0 && !(flags & MSG_PEEK))
		taken += count;
	free(buffer);
	errno = error;
	return count;
}

static long make_call(struct step *step)
{
	const struct argument *a = step->arguments;
	const char *name = step->name;
	struct sockaddr_in local = address(STACK_IP, STACK_PORT);
	struct sockaddr_in remote = address(PEER_IP, PEER_PORT), peer;
	socklen_t length = sizeof(peer);
	if (strcmp(name, "socket") == 0)
		return call(socket, AF_INET, a[1].number, a[2].number);
	if (strcmp(name, "poll") == 0) {
		struct pollfd polled = a[0].polled;
		polled.fd = live_fd(polled.fd);
		long count = call(poll, &polled, 1, a[2].number);
		if (polled.revents != a[0].polled.revents)
			wrong("revents are %#x, but should be %#x", polled.revents,
			      a[0].polled.revents);
		return count;
	}
	int fd = live_fd(a[0].number);
	if (strcmp(name, "bind") == 0)
		return call(bind, fd, (struct sockaddr *)&local, sizeof(local));
	if (strcmp(name, "listen") == 0)
		return call(listen, fd, a[1].number);
	if (strcmp(name, "accept") == 0)
		return call(accept, fd, (struct sockaddr *)&peer, &length);
	if (strcmp(name, "connect") == 0)
		return call(connect, fd, (struct sockaddr *)&remote, sizeof(remote));
	if (strcmp(name, "read") == 0)
		return receive(fd, a[2].number, 0);
	if (strcmp(name, "recv") == 0)
		return receive(fd, a[2].number, a[3].number);
	if (strcmp(name, "write") == 0) {
		long count = write_stream(fd, 1 + given, a[2].number);
		given += count > 0 ? count : 0;
		return count;
	}
	if (strcmp(name, "fcntl") == 0)
		return call(fcntl, fd, a[1].number, a[2].number);
	if (strcmp(name, "shutdown") == 0)
		return call(shutdown, fd, a[1].number);
	if (strcmp(name, "close") == 0)
		return call(close, fd);
	if (strcmp(name, "setsockopt") == 0)
		return set_option(fd, a[1].number, a[2].number, a[3].number);
	if (strcmp(name, "getsockopt") == 0) {
		int value = option(fd, a[1].number, a[2].number);
		if (value != a[3].number)
			wrong("the option is %d, but should be %ld", value, a[3].number);
		return 0;
	}
	wrong("'%s' is no call that this reader knows", name);
}

/* Whether the call came back as it should have. */
static void check_result(const struct step *step, long result, int error)
{
	bool opens = strcmp(step->name, "socket") == 0 || strcmp(step->name, "accept") == 0;
	line = step->line;
	if (opens && step->result >= 0 && result >= 0) {
		live[step->result] = result;
		return;
	}
	if (result != step->result || (result == -1 && error != step->error))
		wrong("%s returned %ld (%s), but should have returned %ld", step->name, result,
		      strerror(error), step->result);
}

static void check_time(long long actual, long long expected)
{
	if (llabs(actual - expected) > TOLERANCE)
		wrong("this is at %lld us, but should be at %lld us", actual, expected);
}

/* The call that waits on the second thread, if there is one. */
static struct step blocking;
static struct waiting waiting;
static bool is_waiting;

static long make_blocking_call(void)
{
	return make_call(&blocking);
}

static void await_second_thread(void)
{
	if (!is_waiting)
		return;
	for (int tries = 0; tries < 1000 && !waiting.is_over; tries++)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	line = blocking.line;
	if (!waiting.is_over)
		wrong("%s still waits", blocking.name);
	pthread_join(waiting.thread, NULL);
	is_waiting = false;
	check_result(&blocking, waiting.result, waiting.error);
	check_time(waiting.end, blocking.end);
}

static void play_call(struct step step)
{
	take_word(step.name, sizeof(step.name));
	need("(");
	for (int i = 0; i < MAX_ARGUMENTS && !take(")"); i++) {
		step.arguments[i] = take_argument();
		take(",");
	}
	need("=");
	step.result = take_number();
	if (step.result == -1)
		step.error = take_number();
	await_second_thread();
	line = step.line;
	if (step.blocks) {
		blocking = step;
		begin_waiting(&waiting, make_blocking_call);
		is_waiting = true;
	} else {
		long result = make_call(&step);
		check_result(&step, result, errno);
	}
}

static void take_options(struct segment *segment)
{
	while (!take(">")) {
		if (take("mss"))
			segment->mss = take_number();
		else if (take("wscale"))
			segment->wscale = take_number() + 1;
		else if (!take("nop") && !take("...") && !take(","))
			wrong("this option is unknown: %s", at);
	}
}

static struct segment take_segment(void)
{
	struct segment segment = {0};
	skip_spaces();
	for (; *at != ' '; at++) {
		const char *known = strchr("F\1S\2R\4P\10.\20U\40", *at);
		if (known == NULL)
			wrong("'%c' is no flag", *at);
		segment.flags |= known[1];
	}
	segment.seq = take_number();
	need(":");
	take_number();
	need("(");
	segment.length = take_number();
	need(")");
	if (take("ack"))
		segment.ack = take_number();
	if (take("win"))
		segment.win = take_number();
	if (take("<"))
		take_options(&segment);
	return segment;
}

/* Waits as packetdrill does: sleeps to shortly before, and asks the time until it is time. */
static void wait_until(long long time)
{
	if (time - now() > 20)
		time_passes(time - now() - 20);
	while (now() < time)
		;
}

/* `started` is when the script's clock shows 0, as a packet's time tells it. */
static void play_line(long long *time, long long started)
{
	struct step step = {.line = line};
	long long start = take("+") ? now() : 0;
	start += take_time();
	if (take("...")) {
		step.blocks = true;
		step.end = take_time() + now();
	}
	skip_spaces();
	*time = start;
	if (take("<")) {
		wait_until(start);
		struct segment segment = take_segment();
		inject_segment(&segment);
	} else if (take(">")) {
		struct segment segment = take_segment();
		long long left = expect_segment(path, line, &segment);
		check_time(left - started, start);
	} else {
		wait_until(start);
		play_call(step);
	}
}

void play_script(const char *script)
{
	char text[512];
	long long time = 0;
	path = script;
	FILE *file = fopen(script, "r");
	if (file == NULL)
		wrong("it cannot be opened: %s", strerror(errno));
	memset(live, 0xff, sizeof(live));
	begin_with(NULL);
	long long started = beginning_of_time();
	for (line = 1; fgets(text, sizeof(text), file) != NULL; line++) {
		int here = line;
		at = text;
		skip_spaces();
		if (*at != 0 && strncmp(at, "//", 2) != 0)
			play_line(&time, started);
		line = here;
	}
	await_second_thread();
	fclose(file);
	end();
}
