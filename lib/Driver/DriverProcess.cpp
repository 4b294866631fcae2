//===- DriverProcess.cpp - A driver that runs in a process of its own -----===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DriverProcess.h"
#include "DLAVM/Driver/DriverLibrary.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Errno.h"
#include "llvm/Support/raw_ostream.h"

#include <csignal>
#include <ctime>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace dlavm;
using namespace llvm;

/// How long a driver may compute without accessing the device, and how long it
/// may wait; between two turns it does what takes milliseconds.
static constexpr double mostCPUSeconds = 5, mostSeconds = 60;
/// What reading and hashing of files is allowed to add to these.
static constexpr double bytesPerCPUSecond = 20e6, bytesPerSecond = 2e6;
static constexpr int sliceMilliseconds = 250;
/// Of a call.
static constexpr uint64_t mostTasks = 1000000;
/// Names of tasks and messages are shorter.
static constexpr uint64_t mostText = 1 << 16;

char DriverFailure::ID;

void DriverFailure::log(raw_ostream &os) const {
  os << message;
  if (task.empty())
    return;
  os << ", in the task '" << task << "'";
  if (layer >= 0)
    os << " of layer " << layer;
}

//===----------------------------------------------------------------------===//
// The process
//===----------------------------------------------------------------------===//

/// In the new process: only what is safe after a fork, and does not return.
[[noreturn]] static void runProgram(int program, int channel, int socket,
                                    char *const arguments[], uint64_t memory,
                                    pid_t parent, int32_t &error) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent)
    _exit(1);
  for (int signal : {SIGPIPE, SIGXFSZ})
    ::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const rlimit noCore = {0, 0};
  setrlimit(RLIMIT_CORE, &noCore);
  rlimit limit;
  if (memory > 0 && getrlimit(RLIMIT_AS, &limit) == 0) {
    limit.rlim_cur = std::min<rlim_t>(memory, limit.rlim_max);
    setrlimit(RLIMIT_AS, &limit);
  }
  // What a driver prints is no output of ours.
  const int null = open("/dev/null", O_RDWR);
  dup2(null, STDIN_FILENO);
  dup2(STDERR_FILENO, STDOUT_FILENO);
  close_range(STDERR_FILENO + 1, ~0u, CLOSE_RANGE_CLOEXEC);
  fcntl(channel, F_SETFD, 0);
  fcntl(socket, F_SETFD, 0);
  fexecve(program, arguments, environ);
  error = errno;
  _exit(127);
}

static llvm::Error failToStart(int error) {
  return createStringError("cannot start the compiled driver: " +
                           sys::StrError(error));
}

Expected<std::unique_ptr<DriverProcess>>
DriverProcess::start(const OpenFile &program, uint64_t memory) {
  std::unique_ptr<DriverProcess> result(new DriverProcess);
  const OpenFile shared(memfd_create("dlavm-driver", MFD_CLOEXEC));
  if (!shared || ftruncate(shared.get(), sizeof(Channel)) != 0)
    return failToStart(errno);
  void *mapped = mmap(nullptr, sizeof(Channel), PROT_READ | PROT_WRITE,
                      MAP_SHARED, shared.get(), 0);
  if (mapped == MAP_FAILED)
    return failToStart(errno);
  result->channel = static_cast<Channel *>(mapped);
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0)
    return failToStart(errno);
  result->socket = OpenFile(sockets[0]);
  OpenFile other(sockets[1]);
  std::string name = "driver", channelFile = std::to_string(shared.get()),
              socketFile = std::to_string(other.get());
  char *const arguments[] = {name.data(), channelFile.data(), socketFile.data(),
                             nullptr};
  const pid_t parent = getpid();
  result->process = fork();
  if (result->process < 0)
    return failToStart(errno);
  if (result->process == 0)
    runProgram(program.get(), shared.get(), other.get(), arguments, memory,
               parent, result->channel->function);
  // Only the driver may hold its end, or nobody notices when it is gone.
  other = OpenFile();
  if (result->wait())
    return result;
  if (result->channel->function != 0)
    return failToStart(result->channel->function);
  return createStringError(result->failure +
                           " when it starts: look at its variables");
}

DriverProcess::~DriverProcess() {
  if (process >= 0)
    end();
  if (channel)
    munmap(channel, sizeof(Channel));
}

static std::string describeEnd(int status) {
  if (WIFEXITED(status))
    return ("the driver ends its process with exit code " +
            Twine(WEXITSTATUS(status)) + " instead of returning")
        .str();
  const int signal = WTERMSIG(status);
  const StringRef cause =
      signal == SIGSEGV   ? ": a wrong address, or a recursion without end"
      : signal == SIGABRT ? ": abort(), or an exception that nobody catches"
                          : "";
  return ("the driver crashes (" + StringRef(strsignal(signal)) + ")" + cause)
      .str();
}

bool DriverProcess::end(const Twine &why) {
  // What has ended by itself does not mind.
  kill(process, SIGKILL);
  int status = 0;
  while (waitpid(process, &status, 0) < 0 && errno == EINTR)
    continue;
  process = -1;
  failure = why.str();
  if (failure.empty())
    failure = describeEnd(status);
  return false;
}

bool DriverProcess::spoilt() {
  return end("the driver overwrites memory that is not its own");
}

static double getCPUSeconds(pid_t process) {
  clockid_t clock;
  timespec time = {};
  if (clock_getcpuclockid(process, &clock) == 0)
    clock_gettime(clock, &time);
  return time.tv_sec + time.tv_nsec * 1e-9;
}

bool DriverProcess::wait() {
  const double start = getCPUSeconds(process);
  // Slices are counted: while all is suspended, no time passes.
  for (int slices = 0;;) {
    pollfd end = {socket.get(), POLLIN, 0};
    const int ready = poll(&end, 1, sliceMilliseconds);
    char byte;
    if (ready > 0) {
      const ssize_t count = recv(socket.get(), &byte, 1, 0);
      if (count == 1)
        return true;
      if (count == 0 || errno != EINTR)
        return this->end();
    }
    if (ready != 0)
      continue;
    siginfo_t info = {};
    if (waitid(P_PID, process, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
        info.si_pid != 0)
      return this->end();
    const double cpu = getCPUSeconds(process) - start;
    if (cpu > mostCPUSeconds + fileBytes / bytesPerCPUSecond)
      return this->end("the driver does not come to an end: it computes for " +
                       Twine(static_cast<int64_t>(cpu)) +
                       " seconds without an access to the device");
    const double seconds = ++slices * sliceMilliseconds * 1e-3;
    if (seconds > mostSeconds + fileBytes / bytesPerSecond)
      return this->end("the driver does not come to an end: it waits for " +
                       Twine(static_cast<int64_t>(seconds)) +
                       " seconds without an access to the device");
  }
}

//===----------------------------------------------------------------------===//
// The channel
//===----------------------------------------------------------------------===//

bool DriverProcess::turn() {
  channel->sent = 0;
  const char byte = 0;
  bool isAlive = ::send(socket.get(), &byte, 1, MSG_NOSIGNAL) == 1 || end();
  if (isAlive)
    isAlive = wait();
  position = 0;
  sent = __atomic_load_n(&channel->sent, __ATOMIC_ACQUIRE);
  if (sent <= Channel::capacity)
    return isAlive;
  sent = 0;
  return isAlive && spoilt();
}

bool DriverProcess::read(void *data, uint64_t size) {
  char *to = static_cast<char *>(data);
  while (size > 0) {
    if (position == sent) {
      if (process < 0)
        return false;
      channel->received = 0;
      if (turn() && sent == 0)
        return spoilt();
      continue;
    }
    const uint64_t piece = std::min(size, sent - position);
    std::memcpy(to, channel->bytes + position, piece);
    position += piece;
    to += piece;
    size -= piece;
  }
  return true;
}

bool DriverProcess::read(std::string &text, uint64_t size) {
  if (size > mostText)
    return process >= 0 && spoilt();
  text.resize(size);
  return read(text.data(), size);
}

bool DriverProcess::send(ArrayRef<uint8_t> bytes) {
  if (process < 0)
    return false;
  do {
    const ArrayRef<uint8_t> piece = bytes.take_front(Channel::capacity);
    copy(piece, channel->bytes);
    channel->received = piece.size();
    bytes = bytes.drop_front(piece.size());
    if (!turn())
      return false;
  } while (!bytes.empty());
  return true;
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

template <typename T> static ArrayRef<uint8_t> getBytes(ArrayRef<T> elements) {
  return {reinterpret_cast<const uint8_t *>(elements.data()),
          elements.size() * sizeof(T)};
}

llvm::Error DriverProcess::call(DriverCall &call, EventSink &sink) {
  layer = -1;
  task.clear();
  channel->function = call.function;
  channel->seq = call.seq;
  channel->past = call.past;
  SmallVector<uint8_t, 0> arguments;
  auto add = [&](ArrayRef<uint8_t> bytes) {
    append_range(arguments, bytes);
    return bytes.size();
  };
  channel->directorySize = add(arrayRefFromStringRef(call.directory));
  channel->idsSize = add(getBytes(call.ids));
  channel->inputSize = add(getBytes(call.input));
  fileBytes = call.limits.fileBytes;
  send(arguments);
  return forward(call, sink);
}

llvm::Error DriverProcess::fail(std::string message, bool threw) {
  return make_error<DriverFailure>(std::move(message), layer, task, threw);
}

llvm::Error DriverProcess::forward(DriverCall &call, EventSink &sink) {
  const DriverLimits &limits = call.limits;
  uint64_t accesses = 0, transferred = 0, tasks = 0;
  SmallVector<uint8_t, 0> data;
  auto access = [&] {
    return ++accesses <= limits.accesses ||
           end("the driver does not come to an end: more than " +
               Twine(limits.accesses) + " accesses to the device in one call");
  };
  // The size of a transfer, and room for it.
  auto prepareTransfer = [&] {
    uint64_t size;
    if (!access() || !read(&size, sizeof size))
      return false;
    if (size > limits.transfer)
      return end("the driver moves " + Twine(size) +
                 " bytes at once, but the plan has no file and no map of more "
                 "than " +
                 Twine(limits.transfer));
    transferred += size;
    if (transferred > limits.transfers)
      return end("the driver does not come to an end: it moves more than " +
                 Twine(limits.transfers) + " bytes in one call");
    data.resize_for_overwrite(size);
    return true;
  };
  Record record;
  std::string text;
  bool goesOn = true;
  auto readRecord = [&] {
    if (sent - position < sizeof record)
      return read(&record, sizeof record);
    std::memcpy(&record, channel->bytes + position, sizeof record);
    position += sizeof record;
    return true;
  };
  while (goesOn && readRecord()) {
    const auto value = static_cast<uint32_t>(record.value);
    switch (record.kind) {
    case RecordKind::Task:
      goesOn = ++tasks <= mostTasks ||
               end("the driver does not come to an end: more than " +
                   Twine(mostTasks) + " tasks in one call");
      goesOn = goesOn && read(text, record.value);
      if (!goesOn)
        break;
      layer = static_cast<int32_t>(record.number);
      task = text;
      sink.task(layer, task);
      break;
    case RecordKind::Write:
      goesOn = access();
      if (goesOn)
        sink.write(record.number, value);
      break;
    case RecordKind::Poll:
      goesOn = access();
      if (goesOn)
        sink.poll(record.number, value);
      break;
    case RecordKind::Read: {
      goesOn = access();
      if (!goesOn)
        break;
      const uint32_t answer = sink.read(record.number);
      send(getBytes(ArrayRef(answer)));
      break;
    }
    case RecordKind::DMAWrite:
      goesOn = prepareTransfer() && read(data.data(), data.size());
      if (goesOn)
        sink.dmaWrite(record.value, data);
      break;
    case RecordKind::DMARead:
      goesOn = prepareTransfer();
      if (!goesOn)
        break;
      sink.dmaRead(record.value, data);
      send(data);
      break;
    case RecordKind::Return: {
      const uint64_t size = call.output.size() * sizeof(uint16_t);
      call.token = static_cast<int32_t>(record.number);
      if (record.value != size) {
        end("the driver returns " + Twine(record.value / sizeof(uint16_t)) +
            " elements, but by plan.json these are " +
            Twine(call.output.size()));
        break;
      }
      if (read(call.output.data(), size))
        return llvm::Error::success();
      break;
    }
    case RecordKind::Throw:
      if (read(text, record.value))
        return fail(text, /*threw=*/true);
      break;
    default:
      goesOn = process >= 0 && spoilt();
    }
  }
  return fail(failure, /*threw=*/false);
}
