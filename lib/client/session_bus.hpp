#pragma once

/// Method calls over D-Bus that end by a deadline, through sd-bus.
///
/// sd-bus is in libsystemd and libelogind, of which one is wherever there is a desktop with
/// a session bus. It is loaded by name, and what we use of it is declared here, so that
/// liblic needs it neither to be built nor to start. (libsecret would do more: GLib's threads stay
/// in the process for good, and a child of it waits for them for ever.)

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "lic/result.hpp"

// The names of libsystemd's sd-bus.h: handles, and the error that it fills in.
struct sd_bus;
struct sd_bus_message;
struct sd_bus_error {
  const char* name;
  const char* message;
  int need_free;
};

namespace lic {

/// The functions of sd-bus that are used, with their types in sd-bus.h.
struct SdBus {
  int (*bus_new)(sd_bus**) = nullptr;
  int (*set_address)(sd_bus*, const char*) = nullptr;
  int (*set_bus_client)(sd_bus*, int) = nullptr;
  int (*start)(sd_bus*) = nullptr;
  int (*is_ready)(sd_bus*) = nullptr;
  int (*process)(sd_bus*, sd_bus_message**) = nullptr;
  int (*wait)(sd_bus*, std::uint64_t) = nullptr;
  int (*call)(sd_bus*, sd_bus_message*, std::uint64_t, sd_bus_error*, sd_bus_message**) = nullptr;
  void (*close)(sd_bus*) = nullptr;
  sd_bus* (*unref)(sd_bus*) = nullptr;
  int (*new_method_call)(sd_bus*, sd_bus_message**, const char*, const char*, const char*, const char*) = nullptr;
  int (*set_auto_start)(sd_bus_message*, int) = nullptr;
  int (*append)(sd_bus_message*, const char*, ...) = nullptr;
  int (*append_array)(sd_bus_message*, char, const void*, std::size_t) = nullptr;
  int (*open_container)(sd_bus_message*, char, const char*) = nullptr;
  int (*close_container)(sd_bus_message*) = nullptr;
  int (*read)(sd_bus_message*, const char*, ...) = nullptr;
  int (*read_array)(sd_bus_message*, char, const void**, std::size_t*) = nullptr;
  int (*enter_container)(sd_bus_message*, char, const char*) = nullptr;
  int (*exit_container)(sd_bus_message*) = nullptr;
  sd_bus_message* (*message_unref)(sd_bus_message*) = nullptr;
  void (*error_free)(sd_bus_error*) = nullptr;
  int (*sensitive)(sd_bus_message*) = nullptr;  ///< null before version 245

  /// Errors: unavailable. Loaded once in a process, and kept.
  static Result<const SdBus*> load();
};

struct UnrefMessage {
  const SdBus* library = nullptr;
  void operator()(sd_bus_message* message) const noexcept { library->message_unref(message); }
};
using BusMessage = std::unique_ptr<sd_bus_message, UnrefMessage>;

/// One connection to the bus of the session.
class SessionBus {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  /// Errors: unavailable (no bus, no library, no answer by the deadline).
  static Result<SessionBus> connect(Deadline deadline);

  [[nodiscard]] const SdBus& library() const noexcept { return *library_; }

  /// A call to be filled in, which starts no service.
  [[nodiscard]] Result<BusMessage> message(std::string_view service, const std::string& object,
                                           std::string_view interface, std::string_view member) const;
  /// Sends it; the answer. `failed`, where not null, gets the name of the service's own error.
  /// Errors: unavailable.
  [[nodiscard]] Result<BusMessage> call(const BusMessage& message, std::string* failed = nullptr) const;

 private:
  struct CloseBus {
    const SdBus* library = nullptr;
    void operator()(sd_bus* bus) const noexcept {
      library->close(bus);
      library->unref(bus);
    }
  };
  using Handle = std::unique_ptr<sd_bus, CloseBus>;

  SessionBus(const SdBus* library, Handle bus, Deadline deadline)
      : library_(library), bus_(std::move(bus)), deadline_(deadline) {}

  const SdBus* library_;
  Handle bus_;
  Deadline deadline_;
};

}  // namespace lic
