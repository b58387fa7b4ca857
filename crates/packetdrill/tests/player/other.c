/* The table itself, flags, descriptors, pipes, and packets that are none. */

#include "play.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void the_table_is_filled_in_to_its_end(void)
{
	void *words[sizeof(struct interface) / sizeof(void *) + 1];
	_Static_assert(sizeof(struct interface) == 33 * sizeof(void *), "33 words");
	memset(words, 0xff, sizeof(words));
	library_init(NULL, (struct interface *)words);
	memcpy(&ifc, words, sizeof(ifc));
	void *untouched;
	memset(&untouched, 0xff, sizeof(untouched));
	for (size_t i = 0; i < 33; i++) {
		if (words[i] == NULL || words[i] == untouched)
			fail(__FILE__, __LINE__, "word %zu of the table is not filled in", i);
	}
	expect(words[33] == untouched, true);
	end();
}

static void two_stacks_do_not_know_of_each_other(void)
{
	begin_with(NULL);
	struct interface first = ifc;
	listening_socket();
	begin_with("local_ip=192.0.2.2");
	listening_socket();
	end();
	ifc = first;
	end();
}

/* What a process says that begins with these flags; it has to end by abort. */
static void complaint_about(const char *flags, char *text, size_t length)
{
	int ends[2];
	expect(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0) {
		dup2(ends[1], STDERR_FILENO);
		library_init(flags, &ifc);
		_exit(0);
	}
	close(ends[1]);
	size_t said = 0;
	for (ssize_t count = 1; count > 0 && said < length - 1; said += count > 0 ? count : 0)
		count = read(ends[0], text + said, length - 1 - said);
	text[said] = 0;
	close(ends[0]);
	int status = 0;
	waitpid(child, &status, 0);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
		fail(__FILE__, __LINE__, "--so_flags=%s is taken", flags);
}

static void flags_that_say_nothing_abort_with_a_word(void)
{
	static const char *const wrong[][2] = {
		{"colour=red", "'colour' is no key: there are local_ip"},
		{"timestamps", "'timestamps' is not of the form key=value"},
		{"sack=on", "no selective acknowledgments yet"},
		{"local_ip=nowhere", "it must be an IPv4 address of one host"},
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char text[1024];
		complaint_about(wrong[i][0], text, sizeof(text));
		if (strstr(text, wrong[i][1]) == NULL)
			fail(__FILE__, __LINE__, "--so_flags=%s is refused with '%s'", wrong[i][0],
			     text);
	}
}

static void descriptors_are_real_and_nobody_else_s(void)
{
	begin_with(NULL);
	int fd = call(socket, AF_INET, SOCK_STREAM, 0);
	expect(fcntl(fd, F_GETFD), FD_CLOEXEC);
	expect(call(close, fd), 0);
	expect_errno(fcntl(fd, F_GETFD), EBADF);
	expect_errno(call(close, fd), EBADF);
	expect_errno(call(read, STDOUT_FILENO, NULL, 0), EBADF);
	end();
}

static void the_host_closes_what_was_left_open(void)
{
	begin_with(NULL);
	int fd = accepted_socket(), epoll = call(epoll_create, 1);
	/* As packetdrill does: the C library's close, a reset for the connection, and the end. */
	expect(close(fd), 0);
	expect(close(epoll), 0);
	peer_sends(RST, .seq = 1);
	end();
	expect_errno(close(fd), EBADF);
}

static void a_number_can_come_again(void)
{
	begin_with(NULL);
	int fd = call(socket, AF_INET, SOCK_STREAM, 0);
	expect(close(fd), 0);
	int again = call(socket, AF_INET, SOCK_DGRAM, 0);
	expect(again, fd);
	expect(option(again, SOL_SOCKET, SO_TYPE), SOCK_DGRAM);
	expect(call(close, again), 0);
	end();
}

static void there_is_an_end_to_descriptors(void)
{
	begin_with(NULL);
	int count = 0;
	while (call(socket, AF_INET, SOCK_STREAM, 0) >= 0 && count < 5000)
		count++;
	expect(errno, EMFILE);
	expect(count > 100 && count <= 1024, true);
	end();
}

static void packets_that_are_none_are_passed_over(void)
{
	begin_with(NULL);
	int fd = accepted_socket();
	uint8_t noise[100];
	for (int i = 0; i < 1000; i++) {
		fill(noise, i * 977, sizeof(noise));
		noise[0] = i % 3 ? noise[0] : 0x45;
		expect(call(netdev_send, noise, i % 101), 0);
	}
	expect_errno(call(netdev_send, NULL, 10), EFAULT);
	/* And a segment with a wrong checksum. */
	uint8_t segment[20] = {0x15, 0xb3, 0x1f, 0x90};
	inject_ip(IPPROTO_TCP + 100, segment, sizeof(segment));
	uint8_t buffer[10];
	expect_errno(call(recv, fd, buffer, 10, MSG_DONTWAIT), EAGAIN);
	end();
}

static void bytes_go_through_a_pipe(void)
{
	begin_with(NULL);
	int ends[2] = {-1, -1};
	uint8_t buffer[100], bytes[10];
	fill(bytes, 1, 10);
	expect(call(pipe, ends), 0);
	nonblocking(ends[0]);
	expect_errno(call(read, ends[0], buffer, 100), EAGAIN);
	expect(call(write, ends[1], bytes, 10), 10);
	expect(call(read, ends[0], buffer, 4), 4);
	expect_stream(buffer, 1, 4);
	expect_errno(call(read, ends[1], buffer, 4), EBADF);
	expect_errno(call(write, ends[0], bytes, 4), EBADF);
	expect(call(close, ends[1]), 0);
	expect(call(read, ends[0], buffer, 100), 6);
	expect_stream(buffer, 5, 6);
	expect(call(read, ends[0], buffer, 100), 0);
	expect_errno(call(pipe, NULL), EFAULT);
	end();
}

static void a_connection_is_spliced_into_a_pipe_and_out_of_it(void)
{
	begin_with(NULL);
	int fd = accepted_socket(), ends[2];
	loff_t none = 0, some = 5;
	expect(call(pipe, ends), 0);
	expect_errno(call(splice, fd, NULL, ends[1], NULL, 100, SPLICE_F_NONBLOCK), EAGAIN);
	peer_sends(ACK | PSH, .seq = 1, .ack = 1, .win = 50000, .length = 1000);
	expect(call(splice, fd, &none, ends[1], &none, 5000, 0), 1000);
	expect_errno(call(splice, fd, &some, ends[1], NULL, 5000, 0), ESPIPE);
	expect_errno(call(splice, fd, NULL, fd, NULL, 5000, 0), EINVAL);
	/* Our stream has the same bytes under the same numbers. */
	expect(call(splice, ends[0], &none, fd, &none, 5000, 0), 1000);
	we_send(ACK, .seq = 1, .ack = 1001, .length = 1000);
	end();
}

const struct scenario other_scenarios[] = {
	{"the table is filled in to its end", the_table_is_filled_in_to_its_end},
	{"two stacks do not know of each other", two_stacks_do_not_know_of_each_other},
	{"flags that say nothing abort with a word", flags_that_say_nothing_abort_with_a_word},
	{"descriptors are real, and nobody else's", descriptors_are_real_and_nobody_else_s},
	{"the host closes what was left open", the_host_closes_what_was_left_open},
	{"a number can come again", a_number_can_come_again},
	{"there is an end to descriptors", there_is_an_end_to_descriptors},
	{"packets that are none are passed over", packets_that_are_none_are_passed_over},
	{"bytes go through a pipe", bytes_go_through_a_pipe},
	{"a connection is spliced into a pipe and out of it",
	 a_connection_is_spliced_into_a_pipe_and_out_of_it},
	{0},
};
