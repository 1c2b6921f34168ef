#include "base/control_socket.h"

#include <errno.h>
#include <sys/socket.h>

bool control_socket_send(int fd, struct str line)
{
    while (line.len) {
        ssize_t put = send(fd, line.ptr, line.len, MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        line = str_slice(line, (size_t)put, line.len);
    }
    return true;
}
