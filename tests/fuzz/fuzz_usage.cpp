#include "base/encoding.hpp"
#include "base/json.hpp"
#include "fuzz/fuzz.hpp"
#include "protocol/usage_statement.hpp"
#include "support/signed.hpp"

using namespace lic;
using fuzz::require;

namespace {

void look_at(const Result<UsageStatement>& opened) {
  if (!opened) {
    fuzz::require_message(opened.error());
    return;
  }
  const UsageStatement& statement = *opened;
  require(statement.seq >= 1, "a chain begins with 1");
  require(statement.previous.empty() == (statement.seq == 1), "only the first follows none");
  require(statement.from <= statement.to, "a period does not end before it begins");
  require(statement.counters.size() <= kMostStatedCounters, "counters are bounded");
  for (const auto& [name, counter] : statement.counters) {
    require(is_name(name), "a counter has a name");
    require(counter.level >= 0 && counter.total >= 0, "level and total are none of less than nothing");
  }
  if (!(statement.device == test::signing_key().public_key())) return;
  const auto again =
      UsageStatement::open(view_bytes(test::sign(DocumentKind::usage, view_bytes(statement.to_json()))), "statement");
  require(again && again->counters == statement.counters && again->limits == statement.limits &&
              again->key == statement.key && again->facts == statement.facts && again->seq == statement.seq &&
              again->previous == statement.previous && again->from == statement.from && again->to == statement.to,
          "a statement survives");
}

}  // namespace

/// The bytes as a statement, and as the payload of one that the device it may name has signed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  look_at(UsageStatement::open({data, size}, "statement"));
  look_at(UsageStatement::open(view_bytes(test::sign(DocumentKind::usage, {data, size})), "statement"));
  return 0;
}
