// Ticket processing, licensed by clients at a time and tickets a month (docs/embedding.md).
// usage: ticketing PRODUCT_FILE CLIENTS TICKETS

#include <chrono>
#include <iostream>
#include <lic/lic.hpp>
#include <string>

namespace {

int give_up(const lic::Error& error) {
  std::cerr << "licensing: " << error.message << '\n';
  if (!error.hint.empty()) std::cerr << "hint: " << error.hint << '\n';
  return 1;
}

/// Processes up to `wanted` tickets, as many as may be; how many were.
lic::Result<int> process(lic::LicenseManager& license, int wanted) {
  for (int done = 0; done < wanted; ++done) {
    const auto ticket = license.consume("tickets");
    if (!ticket) return ticket.error();
    if (!ticket->decision.allowed()) {
      std::cout << "ticket " << done + 1 << " has to wait: " << lic::token(ticket->decision.reason) << '\n';
      return done;
    }
    if (ticket->usage.is_near() && done + 1 == wanted)
      std::cout << "only " << *ticket->usage.left << " of " << *ticket->usage.limit.max << " tickets are left\n";
  }
  return wanted;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const int clients = std::stoi(argv[2]);
  const int tickets = std::stoi(argv[3]);

  // Tickets are counted 50 at a time, so that a busy hour costs few writes; a crash loses that many at most.
  lic::OpenOptions options;
  options.product_file = argv[1];
  options.usage_block = 50;
  options.usage_interval = std::chrono::seconds{30};
  auto license = lic::LicenseManager::open(options);
  if (!license) return give_up(license.error());
  // A service runs for weeks: what licctl activates meanwhile counts within the hour.
  if (const auto refreshing = license->refresh_every(std::chrono::hours{1}); !refreshing)
    return give_up(refreshing.error());

  const auto connected = license->consume("clients", clients);
  if (!connected) return give_up(connected.error());
  if (!connected->decision.allowed()) {
    std::cout << "no room for " << clients << " clients: " << lic::token(connected->decision.reason) << '\n';
    return 20;
  }

  const bool assisted = license->check_feature("ai-ticket-processing").allowed();
  std::cout << (assisted ? "tickets are answered by the assistant\n" : "tickets are sorted for people to answer\n");
  const auto done = process(*license, tickets);

  const auto gone = license->release("clients", clients);
  if (!done) return give_up(done.error());
  if (!gone) return give_up(gone.error());
  std::cout << *done << " tickets processed\n";
  return *done == tickets ? 0 : 20;
}
