#include "fuzz/fuzz.hpp"
#include "protocol/online.hpp"
#include "support/signed.hpp"
#include "trust/lease.hpp"

using namespace lic;
using fuzz::require;

namespace {

Result<ServerAnswer> open_signed(ByteView payload) {
  const std::string document = test::sign(DocumentKind::lease, payload);
  return ServerAnswer::open(view_bytes(document), test::product(), "signed answer");
}

void look_at(const Result<ServerAnswer>& answer) {
  if (!answer) {
    fuzz::require_message(answer.error());
    return;
  }
  require(answer->product == "ticketzero", "an answer is for its product");
  require(answer->lease.has_value() == (answer->verdict == Verdict::granted), "a lease is what is granted");
  const auto again = open_signed(view_bytes(answer->to_json()));
  require(again && again->to_json() == answer->to_json(), "an answer survives");
}

}  // namespace

/// The bytes as an answer, as the payload of a well-signed one, as a reply, and as requests.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  look_at(ServerAnswer::open({data, size}, test::product(), "answer"));
  look_at(open_signed({data, size}));
  const auto reply = OnlineReply::parse({data, size}, "reply");
  if (!reply) fuzz::require_message(reply.error());
  for (const OnlineAction action :
       {OnlineAction::activate, OnlineAction::validate, OnlineAction::refresh, OnlineAction::lease,
        OnlineAction::deactivate, OnlineAction::trial, OnlineAction::usage}) {
    const auto request = OnlineRequest::parse(action, {data, size}, "request");
    if (!request) {
      fuzz::require_message(request.error());
      continue;
    }
    const auto again = OnlineRequest::parse(action, view_bytes(request->to_json()), "request");
    require(again && again->to_json() == request->to_json(), "a written request can be read");
  }
  return 0;
}
