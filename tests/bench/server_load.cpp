/// Puts a licensing server under load: each connection sends its requests one after the other.
///
/// usage: bench_server_load PORT CONNECTIONS SECONDS FILE
///
/// A line of FILE is a path, a space and a body. Each is sent once, unless SECONDS is not 0: then they begin anew until
/// that time is over. Prints requests a second, the median and the 99th percentile in microseconds, and how many
/// replies had another status than 200.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Tally {
  std::vector<double> microseconds;
  long others = 0;  ///< replies of another status, and connections that broke
};

std::vector<std::string> read_requests(const char* file) {
  std::vector<std::string> requests;
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    const auto space = line.find(' ');
    const std::string body = line.substr(space + 1);
    requests.push_back("POST " + line.substr(0, space) +
                       " HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n" +
                       "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  }
  return requests;
}

int connect_to(int port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return -1;
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return descriptor;
}

/// The status of the reply; 0: the connection broke.
int exchange(int descriptor, const std::string& request, std::string& buffer) {
  for (std::size_t sent = 0; sent < request.size();) {
    const ssize_t more = ::send(descriptor, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
    if (more <= 0) return 0;
    sent += static_cast<std::size_t>(more);
  }
  buffer.clear();
  std::size_t whole = std::string::npos;
  while (buffer.size() < whole) {
    char part[16 * 1024];
    const ssize_t more = ::recv(descriptor, part, sizeof part, 0);
    if (more <= 0) return 0;
    buffer.append(part, static_cast<std::size_t>(more));
    const auto end = buffer.find("\r\n\r\n");
    if (whole != std::string::npos || end == std::string::npos) continue;
    const auto length = buffer.find("Content-Length: ");
    if (length == std::string::npos || length > end) return 0;
    whole = end + 4 + static_cast<std::size_t>(std::atol(buffer.c_str() + length + 16));
  }
  return std::atoi(buffer.c_str() + 9);
}

void load(int port, const std::vector<std::string>& requests, std::size_t first, std::size_t step,
          std::optional<Clock::time_point> until, Tally& tally) {
  const int descriptor = connect_to(port);
  std::string buffer;
  for (std::size_t i = first;; i += step) {
    if (i >= requests.size()) {
      if (!until) break;
      i = first;
    }
    const auto begun = Clock::now();
    if (until && begun >= *until) break;
    const int status = exchange(descriptor, requests[i], buffer);
    tally.microseconds.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begun).count());
    if (status != 200) ++tally.others;
    if (status == 0) break;
  }
  ::close(descriptor);
}

double percentile(std::vector<double>& values, double part) {
  const auto place = values.begin() + static_cast<std::ptrdiff_t>(part * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: bench_server_load PORT CONNECTIONS SECONDS FILE\n", stderr);
    return 2;
  }
  const int port = std::atoi(argv[1]);
  const auto connections = static_cast<std::size_t>(std::max(1L, std::atol(argv[2])));
  const long seconds = std::atol(argv[3]);
  const auto requests = read_requests(argv[4]);
  if (requests.size() < connections) {
    std::fputs("bench_server_load: fewer requests than connections\n", stderr);
    return 2;
  }
  const auto begun = Clock::now();
  const auto until = seconds == 0 ? std::nullopt : std::optional(begun + std::chrono::seconds(seconds));
  std::vector<Tally> tallies(connections);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < connections; ++i)
    threads.emplace_back(load, port, std::cref(requests), i, connections, until, std::ref(tallies[i]));
  for (std::thread& thread : threads) thread.join();
  const double took = std::chrono::duration<double>(Clock::now() - begun).count();
  std::vector<double> all;
  long others = 0;
  for (const Tally& tally : tallies) {
    all.insert(all.end(), tally.microseconds.begin(), tally.microseconds.end());
    others += tally.others;
  }
  if (all.empty()) return 1;
  std::printf("%.0f %.0f %.0f %ld\n", static_cast<double>(all.size()) / took, percentile(all, 0.5),
              percentile(all, 0.99), others);
  return 0;
}
