//===- HttpServer.cpp - Connections of HTTP -------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Server/HttpServer.h"

#include "dlavm_runtime.h"

// As Debian compiled the library, which decides the layout of its classes.
#ifndef CPPHTTPLIB_OPENSSL_SUPPORT
#define CPPHTTPLIB_OPENSSL_SUPPORT
#endif
#include <httplib.h>

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>

using namespace dlavm::host;
using Clock = std::chrono::steady_clock;

namespace {

bool isHungUp(int socket) {
  pollfd state{socket, POLLRDHUP, 0};
  return poll(&state, 1, 0) > 0 &&
         (state.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) != 0;
}

/// Reads the head of one request, and writes to a client.
class ConnectionStream : public httplib::Stream {
public:
  ConnectionStream(int fd, const std::string &head,
                   std::chrono::milliseconds writeTime)
      : fd(fd), head(head), writeTime(writeTime) {}

  bool is_readable() const override { return position < head.size(); }
  bool is_writable() const override { return !isHungUp(fd); }
  socket_t socket() const override { return fd; }
  void get_remote_ip_and_port(std::string &, int &) const override {}
  void get_local_ip_and_port(std::string &, int &) const override {}

  ssize_t read(char *data, size_t size) override {
    const size_t count = std::min(size, head.size() - position);
    std::memcpy(data, head.data() + position, count);
    position += count;
    return static_cast<ssize_t>(count);
  }

  ssize_t write(const char *data, size_t size) override {
    const Clock::time_point end = Clock::now() + writeTime;
    for (size_t done = 0; done < size;) {
      const ssize_t count =
          send(fd, data + done, size - done, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count >= 0) {
        done += static_cast<size_t>(count);
        continue;
      }
      if (errno == EINTR)
        continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK)
        return -1;
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          end - Clock::now());
      pollfd state{fd, POLLOUT, 0};
      if (left.count() <= 0 ||
          (poll(&state, 1, static_cast<int>(left.count())) < 0 &&
           errno != EINTR))
        return -1;
    }
    return static_cast<ssize_t>(size);
  }

private:
  int fd;
  const std::string &head;
  size_t position = 0;
  std::chrono::milliseconds writeTime;
};

struct Connection {
  Connection(int fd, const RequestFramer::Limits &limits)
      : fd(fd), framer(limits) {}
  ~Connection() { close(fd); }

  const int fd;
  RequestFramer framer;
  /// Which counts as buffered.
  size_t counted = 0;
  /// When it began to be idle, or a request began.
  Clock::time_point since = Clock::now();
  enum class State { Reading, Answering, Closing } state = State::Reading;
  /// Set by the thread that answers.
  bool isKept = false;
};

} // namespace

class HttpServer::Impl : public httplib::Server {
public:
  Impl(const HttpLimits &limits,
       std::function<void(const HttpRequest &, HttpResponse &)> answer,
       std::function<std::string(int, const std::string &)> refuse);
  ~Impl() override;

  int bind(const std::string &host, int port);
  void run(const std::function<bool()> &isDone);
  void wake() {
    const uint64_t one = 1;
    // Nothing can be done about a failure in a signal's handler, and a counter
    // that is full wakes as well.
    [[maybe_unused]] const ssize_t written = write(event, &one, sizeof one);
  }

  std::atomic<bool> closesAll{false};
  std::atomic<size_t> connectionCount{0}, active{0};

private:
  // The thread that accepts.
  void acceptConnections();
  void readFrom(Connection &connection);
  /// Looks at what was read.
  void advance(Connection &connection);
  void watch(Connection &connection);
  void refuseRequest(Connection &connection, int status,
                     const std::string &message);
  void takeAnswered();
  void closeLate();
  void remove(Connection &connection);
  bool closeIdle();
  void count(Connection &connection);

  // The threads that answer.
  void answerRequests();
  void answerOne(Connection &connection);

  const HttpLimits limits;
  const std::function<void(const HttpRequest &, HttpResponse &)> answer;
  const std::function<std::string(int, const std::string &)> refuse;
  int epoll = -1, event = -1;
  bool accepts = false;
  Clock::time_point acceptsAgain{}, looksAgain{};
  std::unordered_map<int, std::unique_ptr<Connection>> connections;
  size_t buffered = 0;

  std::mutex mutex;
  std::condition_variable condition;
  std::deque<Connection *> complete, answered;
  bool ends = false;
  std::vector<std::thread> threads;
};

static dlavm::Error systemError(const std::string &what) {
  return dlavm::Error(what + ": " + std::strerror(errno));
}

using Route =
    std::function<void(const httplib::Request &, httplib::Response &)>;
/// How the request is answered that this thread has.
static thread_local const Route *currentRoute = nullptr;

HttpServer::Impl::Impl(
    const HttpLimits &limits,
    std::function<void(const HttpRequest &, HttpResponse &)> answer,
    std::function<std::string(int, const std::string &)> refuse)
    : limits(limits), answer(std::move(answer)), refuse(std::move(refuse)),
      epoll(epoll_create1(EPOLL_CLOEXEC)),
      event(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (epoll < 0 || event < 0)
    throw systemError("no connections can be watched");
  epoll_event wanted{};
  wanted.events = EPOLLIN;
  wanted.data.fd = event;
  epoll_ctl(epoll, EPOLL_CTL_ADD, event, &wanted);
  set_keep_alive_timeout(std::max<time_t>(limits.idleTime.count() / 1000, 1));
  set_keep_alive_max_count(1000000);
  // The library calls it before it reads a body, which is here already.
  set_pre_routing_handler(
      [](const httplib::Request &request, httplib::Response &response) {
        (*currentRoute)(request, response);
        return HandlerResponse::Handled;
      });
  // A body is always there, so that its length is said.
  set_error_handler(HandlerWithResponse(
      [this](const httplib::Request &, httplib::Response &response) {
        // The library has refused it, and says no more of it.
        if (response.body.empty() && !response.content_provider_) {
          response.set_header("Connection", "close");
          response.set_content(
              this->refuse(response.status, "the request is malformed"),
              "application/json");
        }
        return HandlerResponse::Handled;
      }));
}

HttpServer::Impl::~Impl() {
  {
    const std::lock_guard<std::mutex> lock(mutex);
    ends = true;
  }
  condition.notify_all();
  for (std::thread &thread : threads)
    thread.join();
  connections.clear();
  if (svr_sock_ != INVALID_SOCKET)
    close(svr_sock_.exchange(INVALID_SOCKET));
  close(epoll);
  close(event);
}

int HttpServer::Impl::bind(const std::string &host, int port) {
  // The library's own option would let two servers share a port.
  set_socket_options([](socket_t socket) {
    const int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  errno = 0;
  const int bound = port == 0 ? bind_to_any_port(host)
                              : (bind_to_port(host, port) ? port : -1);
  if (bound < 0)
    throw Error("cannot listen on " + host + ", port " + std::to_string(port) +
                (errno != 0 ? std::string(": ") + std::strerror(errno) : "") +
                "; is the port taken, or the address not of this machine? "
                "--port=0 takes a port that is free");
  // The library leaves little room for connections that come at once.
  ::listen(svr_sock_, SOMAXCONN);
  fcntl(svr_sock_, F_SETFL, O_NONBLOCK);
  fcntl(svr_sock_, F_SETFD, FD_CLOEXEC);
  for (size_t i = 0; i < limits.workers; ++i)
    threads.emplace_back([this] { answerRequests(); });
  return bound;
}

void HttpServer::Impl::run(const std::function<bool()> &isDone) {
  std::vector<epoll_event> events(256);
  while (!isDone()) {
    const bool wantsMore = Clock::now() >= acceptsAgain;
    if (wantsMore != accepts) {
      epoll_event wanted{};
      wanted.events = EPOLLIN;
      wanted.data.fd = svr_sock_;
      epoll_ctl(epoll, wantsMore ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, svr_sock_,
                &wanted);
      accepts = wantsMore;
    }
    const int count =
        epoll_wait(epoll, events.data(), static_cast<int>(events.size()), 100);
    if (count < 0 && errno != EINTR)
      throw systemError("cannot wait for connections");
    for (int i = 0; i < count; ++i) {
      const int fd = events[i].data.fd;
      if (fd == event) {
        uint64_t ignored;
        [[maybe_unused]] const ssize_t size =
            ::read(event, &ignored, sizeof ignored);
      } else if (fd == svr_sock_) {
        acceptConnections();
      } else if (const auto found = connections.find(fd);
                 found != connections.end()) {
        readFrom(*found->second);
      }
    }
    takeAnswered();
    closeLate();
    connectionCount = connections.size();
  }
}

void HttpServer::Impl::acceptConnections() {
  // Some at a time: those that are there want to be read too.
  for (int i = 0; i < 64; ++i) {
    const auto waitForPlace = [&] {
      if (closeIdle())
        return false;
      acceptsAgain = Clock::now() + std::chrono::milliseconds(100);
      return true;
    };
    if (connections.size() >= limits.connections && waitForPlace())
      return;
    const int fd =
        accept4(svr_sock_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
          errno == ENOMEM)
        waitForPlace();
      return;
    }
    const int yes = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    auto &connection = connections[fd] =
        std::make_unique<Connection>(fd, limits.request);
    epoll_event wanted{};
    wanted.data.fd = fd;
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &wanted);
    watch(*connection);
  }
}

/// Closes the connection that has been idle longest, or else the one that has
/// been sending its request longest, if there is one.
bool HttpServer::Impl::closeIdle() {
  Connection *oldest = nullptr;
  const auto rank = [](const Connection &connection) {
    return std::pair(connection.framer.hasBegun(), connection.since);
  };
  for (auto &[fd, connection] : connections)
    if (connection->state == Connection::State::Reading &&
        (!oldest || rank(*connection) < rank(*oldest)))
      oldest = connection.get();
  // One that has just come wants to say something.
  if (!oldest || Clock::now() - oldest->since < std::chrono::milliseconds(100))
    return false;
  remove(*oldest);
  return true;
}

/// Waits for the next event of a connection, one only: one that hangs up while
/// it is answered would be told of without end.
void HttpServer::Impl::watch(Connection &connection) {
  epoll_event wanted{};
  wanted.events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT;
  wanted.data.fd = connection.fd;
  epoll_ctl(epoll, EPOLL_CTL_MOD, connection.fd, &wanted);
}

void HttpServer::Impl::remove(Connection &connection) {
  buffered -= connection.counted;
  connections.erase(connection.fd);
}

void HttpServer::Impl::count(Connection &connection) {
  buffered -= connection.counted;
  connection.counted = connection.framer.getSize();
  buffered += connection.counted;
}

void HttpServer::Impl::readFrom(Connection &connection) {
  char data[16384];
  const ssize_t size = recv(connection.fd, data, sizeof data, 0);
  if (size < 0 && (errno == EAGAIN || errno == EINTR))
    return watch(connection);
  if (size <= 0)
    return remove(connection);
  if (connection.state == Connection::State::Closing)
    return watch(connection);
  if (!connection.framer.hasBegun())
    connection.since = Clock::now();
  connection.framer.add({data, static_cast<size_t>(size)});
  advance(connection);
}

void HttpServer::Impl::advance(Connection &connection) {
  count(connection);
  RequestFramer &framer = connection.framer;
  if (const auto &failure = framer.getFailure())
    return refuseRequest(connection, failure->status, failure->message);
  if (framer.isComplete()) {
    connection.state = Connection::State::Answering;
    ++active;
    {
      const std::lock_guard<std::mutex> lock(mutex);
      complete.push_back(&connection);
    }
    condition.notify_one();
    return;
  }
  if (buffered > limits.bufferedBytes)
    return refuseRequest(connection, 503,
                         "the requests that clients are sending take too much "
                         "memory; try again later");
  if (framer.takeContinue()) {
    static constexpr std::string_view text = "HTTP/1.1 100 Continue\r\n\r\n";
    send(connection.fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  watch(connection);
}

/// Says why, and waits a little until the client has read it: what it still
/// sends would make the system throw the answer away.
void HttpServer::Impl::refuseRequest(Connection &connection, int status,
                                     const std::string &message) {
  const std::string body = refuse(status, message);
  const std::string text =
      "HTTP/1.1 " + std::to_string(status) +
      " Refused\r\nContent-Type: application/json\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body;
  send(connection.fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  shutdown(connection.fd, SHUT_WR);
  connection.state = Connection::State::Closing;
  connection.since = Clock::now();
  watch(connection);
}

void HttpServer::Impl::takeAnswered() {
  std::deque<Connection *> taken;
  {
    const std::lock_guard<std::mutex> lock(mutex);
    taken.swap(answered);
  }
  for (Connection *connection : taken) {
    --active;
    connection->framer.drop();
    connection->since = Clock::now();
    connection->state = Connection::State::Reading;
    if (!connection->isKept)
      remove(*connection);
    else
      advance(*connection);
  }
}

void HttpServer::Impl::closeLate() {
  const Clock::time_point now = Clock::now();
  if (now < looksAgain)
    return;
  looksAgain = now + std::chrono::milliseconds(100);
  std::vector<Connection *> late;
  for (auto &[fd, connection] : connections) {
    if (connection->state == Connection::State::Answering)
      continue;
    const auto limit = connection->state == Connection::State::Closing
                           ? std::chrono::milliseconds(2000)
                       : connection->framer.hasBegun() ? limits.requestTime
                                                       : limits.idleTime;
    if (now - connection->since > limit)
      late.push_back(connection.get());
  }
  for (Connection *connection : late) {
    if (connection->state == Connection::State::Reading &&
        connection->framer.hasBegun())
      refuseRequest(
          *connection, 408,
          "the request was not complete after " +
              std::to_string(std::chrono::duration_cast<std::chrono::seconds>(
                                 limits.requestTime)
                                 .count()) +
              " s");
    else
      remove(*connection);
  }
}

void HttpServer::Impl::answerRequests() {
  std::unique_lock<std::mutex> lock(mutex);
  while (true) {
    condition.wait(lock, [&] { return ends || !complete.empty(); });
    if (ends)
      return;
    Connection *connection = complete.front();
    complete.pop_front();
    lock.unlock();
    answerOne(*connection);
    lock.lock();
    answered.push_back(connection);
    wake();
  }
}

void HttpServer::Impl::answerOne(Connection &connection) {
  ConnectionStream stream(connection.fd, connection.framer.getHead(),
                          limits.writeTime);
  const Route route = [&](const httplib::Request &request,
                          httplib::Response &response) {
    HttpRequest from;
    from.method = request.method;
    from.path = request.path;
    from.body = connection.framer.getBody();
    from.getHeader = [&](const char *name) {
      return request.get_header_value(name);
    };
    from.isGone = [fd = connection.fd] { return isHungUp(fd); };
    HttpResponse to;
    answer(from, to);
    response.status = to.status;
    for (const auto &[name, value] : to.headers)
      response.set_header(name, value);
    if (!to.writeBody) {
      if (!to.body.empty())
        response.set_content(to.body, to.contentType);
      return;
    }
    const auto provide =
        [write = std::move(to.writeBody)](size_t, httplib::DataSink &sink) {
          write([&](std::string_view text) {
            return text.empty() || sink.write(text.data(), text.size());
          });
          sink.done();
          return true;
        };
    if (request.version == "HTTP/1.0")
      response.set_content_provider(to.contentType, provide);
    else
      response.set_chunked_content_provider(to.contentType, provide);
  };
  const bool closes = closesAll;
  bool isClosed = false, isRead = false, isOldVersion = false;
  currentRoute = &route;
  bool isWritten = false;
  try {
    isWritten = process_request(stream, closes, isClosed,
                                [&](httplib::Request &request) {
                                  // No answer has parts that are worth asking
                                  // for.
                                  request.ranges.clear();
                                  // Answers are small, or wait for their next
                                  // token.
                                  request.headers.erase("Accept-Encoding");
                                  isRead = true;
                                  isOldVersion = request.version == "HTTP/1.0";
                                });
  } catch (...) {
    // Memory is short, say; the status is written already.
  }
  currentRoute = nullptr;
  connection.isKept =
      isWritten && isRead && !closes && !isClosed && !isOldVersion;
  // The last bytes are read before the connection is closed.
  if (!connection.isKept)
    shutdown(connection.fd, SHUT_WR);
}

HttpServer::HttpServer(
    const HttpLimits &limits,
    std::function<void(const HttpRequest &, HttpResponse &)> answer,
    std::function<std::string(int, const std::string &)> refuse)
    : impl(std::make_unique<Impl>(limits, std::move(answer),
                                  std::move(refuse))) {}
HttpServer::~HttpServer() = default;
int HttpServer::bind(const std::string &host, int port) {
  return impl->bind(host, port);
}
void HttpServer::run(const std::function<bool()> &isDone) { impl->run(isDone); }
void HttpServer::wake() { impl->wake(); }
void HttpServer::closeAfterResponses() { impl->closesAll = true; }
size_t HttpServer::getConnections() const { return impl->connectionCount; }
size_t HttpServer::getActive() const { return impl->active; }
