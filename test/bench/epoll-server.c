// The cheapest HTTP server there is: one thread, keep-alive, three system calls per request (epoll_wait, read, write).
// What tracing costs per system call or per context switch weighs more here than in any real server.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static const char ANSWER[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

static void check(int result, const char *what) {
  if (result < 0) { perror(what); exit(1); }
}

int main(void) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  check(bind(listener, (struct sockaddr *)&address, size), "bind");
  check(listen(listener, 1024), "listen");
  check(getsockname(listener, (struct sockaddr *)&address, &size), "getsockname");
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);

  int poll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[64];
  check(epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event), "epoll_ctl");
  for (;;) {
    int ready = epoll_wait(poll, events, 64, -1);
    for (int i = 0; i < ready; i++) {
      int fd = events[i].data.fd;
      if (fd == listener) {
        int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        if (client < 0) continue;
        int on = 1;
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        event.events = EPOLLIN;
        event.data.fd = client;
        check(epoll_ctl(poll, EPOLL_CTL_ADD, client, &event), "epoll_ctl");
        continue;
      }
      char request[4096];
      ssize_t length = read(fd, request, sizeof request);
      if (length <= 0) close(fd);
      else if (write(fd, ANSWER, sizeof ANSWER - 1) < 0) close(fd);
    }
  }
}
