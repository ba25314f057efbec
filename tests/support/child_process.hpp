#pragma once

#include <sys/wait.h>
#include <unistd.h>

namespace lic::test {

/// Runs `work` (returns whether all went well) in a process of its own. Assertions
/// of the test framework do not work there.
template <class Work>
[[nodiscard]] pid_t start_child(Work work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work() ? 0 : 1);
  return child;
}

[[nodiscard]] inline bool went_well(pid_t child) {
  int status = 0;
  return child > 0 && ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// The same as a user to whom file permissions apply, whoever runs the tests.
template <class Work>
[[nodiscard]] bool holds_for_ordinary_user(Work work) {
  constexpr uid_t kNobody = 65534;
  return went_well(start_child([&] { return (::geteuid() != 0 || ::setuid(kNobody) == 0) && work(); }));
}

}  // namespace lic::test
