#include "client/session_bus.hpp"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "base/result.hpp"
#include "base/text.hpp"

namespace lic {
namespace {

Error unavailable(TextView message, TextView hint = {}) { return error(Errc::unavailable, message, hint); }

Error silent() { return unavailable("the session bus does not answer in time"); }

const char* variable(const char* name) {
  const char* value = ::secure_getenv(name);  // NOLINT(concurrency-mt-unsafe): we never set the environment
  return value == nullptr || *value == '\0' ? nullptr : value;
}

/// Where the bus listens. Only a socket of this machine: other addresses start programs, or
/// reach over the network.
Result<std::string> bus_address() {
  constexpr std::string_view kSocket = "unix:";
  if (const char* given = variable("DBUS_SESSION_BUS_ADDRESS")) {
    const std::string_view first = std::string_view(given).substr(0, std::string_view(given).find(';'));
    if (first.starts_with(kSocket)) return std::string(first);
    return unavailable("the session bus is not a socket of this machine", "see $DBUS_SESSION_BUS_ADDRESS");
  }
  const char* directory = variable("XDG_RUNTIME_DIR");
  const std::string path = directory == nullptr ? std::string() : concat(directory, "/bus");
  // Characters with a meaning in addresses would have to be escaped; no runtime directory has them.
  const bool plain = path.find_first_of(",;%= ") == std::string::npos;
  if (path.empty() || !plain || ::access(path.c_str(), F_OK) != 0)
    return unavailable("there is no session bus here", "log in on the desktop");
  return concat(kSocket, "path=", path);
}

std::uint64_t microseconds_until(SessionBus::Deadline deadline) {
  using std::chrono::microseconds;
  const auto left = std::chrono::duration_cast<microseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<std::uint64_t>(std::max<microseconds::rep>(left.count(), 0));
}

SdBus load_library() {
  SdBus bus;
#ifndef LIC_STATIC_LIBRARY
  void* library = nullptr;
  for (const char* name : {"libsystemd.so.0", "libelogind.so.0"})
    if (library == nullptr) library = ::dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return bus;
  bool whole = true;
  const auto find = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::decay_t<decltype(function)>>(::dlsym(library, name));
    return function != nullptr;
  };
  const auto need = [&](auto& function, const char* name) { whole &= find(function, name); };
  need(bus.set_address, "sd_bus_set_address");
  need(bus.set_bus_client, "sd_bus_set_bus_client");
  need(bus.start, "sd_bus_start");
  need(bus.is_ready, "sd_bus_is_ready");
  need(bus.process, "sd_bus_process");
  need(bus.wait, "sd_bus_wait");
  need(bus.call, "sd_bus_call");
  need(bus.close, "sd_bus_close");
  need(bus.unref, "sd_bus_unref");
  need(bus.new_method_call, "sd_bus_message_new_method_call");
  need(bus.set_auto_start, "sd_bus_message_set_auto_start");
  need(bus.append, "sd_bus_message_append");
  need(bus.append_array, "sd_bus_message_append_array");
  need(bus.open_container, "sd_bus_message_open_container");
  need(bus.close_container, "sd_bus_message_close_container");
  need(bus.read, "sd_bus_message_read");
  need(bus.read_array, "sd_bus_message_read_array");
  need(bus.enter_container, "sd_bus_message_enter_container");
  need(bus.exit_container, "sd_bus_message_exit_container");
  need(bus.message_unref, "sd_bus_message_unref");
  need(bus.error_free, "sd_bus_error_free");
  static_cast<void>(find(bus.sensitive, "sd_bus_message_sensitive"));
  if (whole) static_cast<void>(find(bus.bus_new, "sd_bus_new"));
#endif
  return bus;
}

}  // namespace

Result<const SdBus*> SdBus::load() {
  static const SdBus library = load_library();
  if (library.bus_new != nullptr) return &library;
#ifdef LIC_STATIC_LIBRARY
  return unavailable("liblic was linked statically, and then reaches no keyring");
#else
  return unavailable("the keyring is reached through libsystemd.so.0 or libelogind.so.0, which cannot be loaded",
                     "install it (Debian: libsystemd0)");
#endif
}

Result<SessionBus> SessionBus::connect(Deadline deadline) {
  LIC_TRY_ASSIGN(const std::string address, bus_address());
  LIC_TRY_ASSIGN(const SdBus* library, SdBus::load());
  sd_bus* made = nullptr;
  if (library->bus_new(&made) < 0) return unavailable("no connection to the session bus can be made");
  Handle bus(made, CloseBus{library});
  const bool started = library->set_address(made, address.c_str()) >= 0 && library->set_bus_client(made, 1) >= 0 &&
                       library->start(made) >= 0;
  if (!started) return unavailable("the session bus cannot be reached", "log in on the desktop");
  while (library->is_ready(made) <= 0) {
    const int did = library->process(made, nullptr);
    if (did < 0) return unavailable("the session bus refuses the connection");
    if (did > 0) continue;
    const std::uint64_t left = microseconds_until(deadline);
    if (left == 0) return silent();
    if (const int waited = library->wait(made, left); waited < 0 && waited != -EINTR) return silent();
  }
  return SessionBus(library, std::move(bus), deadline);
}

Result<BusMessage> SessionBus::message(std::string_view service, const std::string& object, std::string_view interface,
                                       std::string_view member) const {
  sd_bus_message* made = nullptr;
  const int result = library_->new_method_call(bus_.get(), &made, std::string(service).c_str(), object.c_str(),
                                               std::string(interface).c_str(), std::string(member).c_str());
  if (result < 0) return unavailable(concat("no message to the keyring can be made (", -result, ")"));
  BusMessage message(made, UnrefMessage{library_});
  static_cast<void>(library_->set_auto_start(made, 0));
  return message;
}

Result<BusMessage> SessionBus::call(const BusMessage& message, std::string* failed) const {
  const std::uint64_t left = microseconds_until(deadline_);
  if (left == 0) return silent();  // 0 would mean sd-bus's own time limit
  sd_bus_error fault{};
  sd_bus_message* reply = nullptr;
  const int result = library_->call(bus_.get(), message.get(), left, &fault, &reply);
  const std::string name = fault.name == nullptr ? "" : fault.name;
  library_->error_free(&fault);
  if (result >= 0) return BusMessage(reply, UnrefMessage{library_});
  if (failed != nullptr) *failed = name;
  if (result == -ETIMEDOUT || name == "org.freedesktop.DBus.Error.NoReply")
    return unavailable("the keyring does not answer in time");
  if (name == "org.freedesktop.DBus.Error.ServiceUnknown" || name == "org.freedesktop.DBus.Error.NameHasNoOwner")
    return unavailable("no keyring is running in this session", "log in on the desktop, or start the keyring");
  return unavailable(concat("the keyring refuses: ", name.empty() ? concat("error ", -result) : printable(name)));
}

}  // namespace lic
