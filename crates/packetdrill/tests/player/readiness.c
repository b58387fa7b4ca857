/* poll and epoll: what a descriptor is ready for. */

#include "play.h"

#include <errno.h>

enum { ALL = POLLIN | POLLOUT | POLLPRI | POLLRDHUP };

/* What poll says of it now; asked for everything. */
static int ready(int fd)
{
	struct pollfd polled = {.fd = fd, .events = ALL};
	int count = call(poll, &polled, 1, 0);
	expect(count, polled.revents != 0);
	return polled.revents;
}

static int watch(int epoll, int operation, int fd, unsigned events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};
	return call(epoll_ctl, epoll, operation, fd, &event);
}

/* What epoll tells now, of one descriptor: its events, 0 for nothing. */
static unsigned told(int epoll)
{
	struct epoll_event event = {0};
	int count = call(epoll_wait, epoll, &event, 1, 0);
	expect(count, event.events != 0);
	return event.events;
}

static void poll_tells_of_each_stage_of_a_connection(void)
{
	begin_with(NULL);
	int listener = call(socket, AF_INET, SOCK_STREAM, 0);
	expect(ready(listener), POLLOUT | POLLHUP);
	expect(call(close, listener), 0);
	listener = listening_socket();
	expect(ready(listener), 0);
	peer_sends(SYN, .seq = 0, .win = 50000, .mss = 1000);
	we_send(SYN | ACK, .seq = 0, .ack = 1);
	expect(ready(listener), 0);
	peer_sends(ACK, .seq = 1, .ack = 1, .win = 50000);
	expect(ready(listener), POLLIN);
	int fd = call(accept, listener, NULL, NULL);
	expect(ready(listener), 0);
	expect(ready(fd), POLLOUT);
	peer_sends(ACK | PSH, .seq = 1, .ack = 1, .win = 50000, .length = 10);
	expect(ready(fd), POLLIN | POLLOUT);
	peer_sends(ACK | PSH | URG, .seq = 11, .ack = 1, .win = 50000, .length = 5, .urgent = 5);
	expect(ready(fd), POLLIN | POLLOUT | POLLPRI);
	peer_sends(FIN | ACK, .seq = 16, .ack = 1, .win = 50000);
	expect(ready(fd) & ~POLLPRI, POLLIN | POLLOUT | POLLRDHUP);
	expect(call(shutdown, fd, SHUT_WR), 0);
	expect(ready(fd) & ~POLLPRI, POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
	end();
}

static void poll_tells_of_a_connection_that_is_asked_for(void)
{
	begin_with(NULL);
	int fd = nonblocking(call(socket, AF_INET, SOCK_STREAM, 0));
	struct sockaddr_in remote = address(PEER_IP, PEER_PORT);
	expect_errno(call(connect, fd, (struct sockaddr *)&remote, sizeof(remote)), EINPROGRESS);
	expect(ready(fd), 0);
	we_send(SYN, .seq = 0);
	peer_sends(SYN | ACK, .seq = 0, .ack = 1, .win = 50000, .mss = 1000);
	expect(ready(fd), POLLOUT);
	end();
}

static void poll_tells_of_an_error_until_it_is_taken(void)
{
	begin_with(NULL);
	int fd = accepted_socket();
	peer_sends(RST, .seq = 1);
	expect(ready(fd), POLLIN | POLLOUT | POLLRDHUP | POLLHUP | POLLERR);
	expect(option(fd, SOL_SOCKET, SO_ERROR), ECONNRESET);
	expect(ready(fd), POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
	end();
}

static void poll_tells_when_there_is_no_room(void)
{
	begin_with("sndbuf=2000");
	int fd = nonblocking(accepted_socket());
	expect(write_stream(fd, 1, 2000), 2000);
	expect(ready(fd), 0);
	peer_sends(ACK, .seq = 1, .ack = 1001, .win = 50000);
	expect(ready(fd), POLLOUT);
	end();
}

static void poll_looks_at_many_and_passes_over_some(void)
{
	begin_with(NULL);
	int listener = listening_socket();
	struct pollfd polled[4] = {
		{.fd = listener, .events = POLLIN},
		{.fd = -1, .events = POLLIN, .revents = 77},
		{.fd = 12345, .events = POLLIN},
		{.fd = call(socket, AF_INET, SOCK_DGRAM, 0), .events = POLLIN | POLLOUT},
	};
	expect(call(poll, polled, 4, 0), 2);
	expect(polled[0].revents, 0);
	expect(polled[1].revents, 0);
	expect(polled[2].revents, POLLNVAL);
	expect(polled[3].revents, POLLOUT);
	expect(call(poll, NULL, 0, 0), 0);
	expect_errno(call(poll, NULL, 1, 0), EFAULT);
	end();
}

static void epoll_tells_as_long_as_it_is_so(void)
{
	begin_with(NULL);
	int fd = accepted_socket(), epoll = call(epoll_create, 1);
	uint8_t buffer[100];
	expect(watch(epoll, EPOLL_CTL_ADD, fd, EPOLLIN), 0);
	expect(told(epoll), 0);
	peer_sends(ACK | PSH, .seq = 1, .ack = 1, .win = 50000, .length = 10);
	expect(told(epoll), EPOLLIN);
	expect(told(epoll), EPOLLIN);
	expect(call(read, fd, buffer, 100), 10);
	expect(told(epoll), 0);
	expect(watch(epoll, EPOLL_CTL_MOD, fd, EPOLLOUT), 0);
	expect(told(epoll), EPOLLOUT);
	expect(watch(epoll, EPOLL_CTL_DEL, fd, 0), 0);
	expect(told(epoll), 0);
	end();
}

static void epoll_tells_of_changes_alone(void)
{
	begin_with(NULL);
	int fd = accepted_socket(), epoll = call(epoll_create, 1);
	expect(watch(epoll, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLET), 0);
	expect(told(epoll), 0);
	peer_sends(ACK | PSH, .seq = 1, .ack = 1, .win = 50000, .length = 10);
	expect(told(epoll), EPOLLIN);
	expect(told(epoll), 0);
	peer_sends(ACK | PSH, .seq = 11, .ack = 1, .win = 50000, .length = 10);
	expect(told(epoll), EPOLLIN);
	expect(told(epoll), 0);
	expect(watch(epoll, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLET), 0);
	expect(told(epoll), EPOLLIN);
	end();
}

static void epoll_tells_of_room_once_it_is_there_again(void)
{
	begin_with("sndbuf=2000");
	int fd = nonblocking(accepted_socket()), epoll = call(epoll_create, 1);
	expect(watch(epoll, EPOLL_CTL_ADD, fd, EPOLLOUT | EPOLLET), 0);
	expect(told(epoll), EPOLLOUT);
	expect(told(epoll), 0);
	expect(write_stream(fd, 1, 3000), 2000);
	expect(told(epoll), 0);
	peer_sends(ACK, .seq = 1, .ack = 2001, .win = 50000);
	expect(told(epoll), EPOLLOUT);
	expect(told(epoll), 0);
	end();
}

static void epoll_tells_once_where_that_is_asked_for(void)
{
	begin_with(NULL);
	int fd = accepted_socket(), epoll = call(epoll_create, 1);
	expect(watch(epoll, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLOUT | EPOLLONESHOT), 0);
	expect(told(epoll), EPOLLOUT);
	peer_sends(ACK | PSH, .seq = 1, .ack = 1, .win = 50000, .length = 10);
	expect(told(epoll), 0);
	expect(watch(epoll, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLONESHOT), 0);
	expect(told(epoll), EPOLLIN);
	expect(told(epoll), 0);
	end();
}

static void epoll_tells_of_errors_unasked(void)
{
	begin_with(NULL);
	int fd = accepted_socket(), epoll = call(epoll_create, 1);
	expect(watch(epoll, EPOLL_CTL_ADD, fd, EPOLLIN), 0);
	peer_sends(RST, .seq = 1);
	expect(told(epoll), EPOLLIN | EPOLLERR | EPOLLHUP);
	/* What is closed is watched no more. */
	expect(call(close, fd), 0);
	expect(told(epoll), 0);
	end();
}

static void epoll_tells_of_as_many_as_there_is_room_for(void)
{
	begin_with(NULL);
	int one = call(socket, AF_INET, SOCK_DGRAM, 0), two = call(socket, AF_INET, SOCK_DGRAM, 0);
	int epoll = call(epoll_create, 1);
	struct epoll_event events[3];
	expect(watch(epoll, EPOLL_CTL_ADD, one, EPOLLOUT), 0);
	expect(watch(epoll, EPOLL_CTL_ADD, two, EPOLLOUT), 0);
	expect(call(epoll_wait, epoll, events, 1, 0), 1);
	expect(call(epoll_wait, epoll, events, 3, 0), 2);
	expect(events[0].data.fd + events[1].data.fd, one + two);
	end();
}

static void epoll_refuses_what_makes_no_sense(void)
{
	begin_with(NULL);
	int fd = accepted_socket(), epoll = call(epoll_create, 1);
	struct epoll_event event;
	expect_errno(call(epoll_create, 0), EINVAL);
	expect_errno(watch(epoll, EPOLL_CTL_MOD, fd, EPOLLIN), ENOENT);
	expect_errno(watch(epoll, EPOLL_CTL_DEL, fd, EPOLLIN), ENOENT);
	expect(watch(epoll, EPOLL_CTL_ADD, fd, EPOLLIN), 0);
	expect_errno(watch(epoll, EPOLL_CTL_ADD, fd, EPOLLIN), EEXIST);
	expect_errno(watch(epoll, EPOLL_CTL_ADD, 12345, EPOLLIN), EBADF);
	expect_errno(watch(fd, EPOLL_CTL_ADD, epoll, EPOLLIN), EINVAL);
	expect_errno(call(epoll_wait, epoll, &event, 0, 0), EINVAL);
	expect_errno(call(epoll_wait, fd, &event, 1, 0), EINVAL);
	expect_errno(call(read, epoll, &event, 1), EINVAL);
	expect_errno(call(listen, epoll, 1), ENOTSOCK);
	end();
}

const struct scenario readiness_scenarios[] = {
	{"poll tells of each stage of a connection", poll_tells_of_each_stage_of_a_connection},
	{"poll tells of a connection that is asked for",
	 poll_tells_of_a_connection_that_is_asked_for},
	{"poll tells of an error until it is taken", poll_tells_of_an_error_until_it_is_taken},
	{"poll tells when there is no room", poll_tells_when_there_is_no_room},
	{"poll looks at many and passes over some", poll_looks_at_many_and_passes_over_some},
	{"epoll tells as long as it is so", epoll_tells_as_long_as_it_is_so},
	{"epoll tells of changes alone", epoll_tells_of_changes_alone},
	{"epoll tells of room once it is there again", epoll_tells_of_room_once_it_is_there_again},
	{"epoll tells once where that is asked for", epoll_tells_once_where_that_is_asked_for},
	{"epoll tells of errors unasked", epoll_tells_of_errors_unasked},
	{"epoll tells of as many as there is room for",
	 epoll_tells_of_as_many_as_there_is_room_for},
	{"epoll refuses what makes no sense", epoll_refuses_what_makes_no_sense},
	{0},
};
