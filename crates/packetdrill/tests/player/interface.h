/* The interface as packetdrill knows it, written down once more: what the library fills in is
 * held against this, and not against itself. */

#ifndef INTERFACE_H
#define INTERFACE_H

#include <poll.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>

struct interface {
	void *userdata;
	void (*free)(void *);
	int (*socket)(void *, int domain, int type, int protocol);
	int (*bind)(void *, int fd, const struct sockaddr *, socklen_t);
	int (*listen)(void *, int fd, int backlog);
	int (*accept)(void *, int fd, struct sockaddr *, socklen_t *);
	int (*connect)(void *, int fd, const struct sockaddr *, socklen_t);
	ssize_t (*read)(void *, int fd, void *, size_t);
	ssize_t (*readv)(void *, int fd, const struct iovec *, int);
	ssize_t (*recv)(void *, int fd, void *, size_t, int flags);
	ssize_t (*recvfrom)(void *, int fd, void *, size_t, int flags, struct sockaddr *,
			    socklen_t *);
	ssize_t (*recvmsg)(void *, int fd, struct msghdr *, int flags);
	ssize_t (*write)(void *, int fd, const void *, size_t);
	ssize_t (*writev)(void *, int fd, const struct iovec *, int);
	ssize_t (*send)(void *, int fd, const void *, size_t, int flags);
	ssize_t (*sendto)(void *, int fd, const void *, size_t, int flags,
			  const struct sockaddr *, socklen_t);
	ssize_t (*sendmsg)(void *, int fd, const struct msghdr *, int flags);
	int (*fcntl)(void *, int fd, int command, ...);
	int (*ioctl)(void *, int fd, unsigned long request, ...);
	int (*close)(void *, int fd);
	int (*shutdown)(void *, int fd, int how);
	int (*getsockopt)(void *, int fd, int level, int name, void *, socklen_t *);
	int (*setsockopt)(void *, int fd, int level, int name, const void *, socklen_t);
	int (*poll)(void *, struct pollfd *, nfds_t, int timeout);
	int (*netdev_send)(void *, const void *, size_t);
	int (*netdev_receive)(void *, void *, size_t *, long long *time_usecs);
	int (*usleep)(void *, useconds_t);
	int (*gettimeofday)(void *, struct timeval *, struct timezone *);
	int (*epoll_create)(void *, int size);
	int (*epoll_ctl)(void *, int epfd, int op, int fd, struct epoll_event *);
	int (*epoll_wait)(void *, int epfd, struct epoll_event *, int maxevents, int timeout);
	int (*pipe)(void *, int[2]);
	int (*splice)(void *, int, loff_t *, int, loff_t *, size_t, unsigned);
};

typedef void (*interface_init)(const char *flags, struct interface *);

#endif
