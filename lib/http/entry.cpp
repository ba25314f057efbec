#include <exception>
#include <memory>

#include "http/ask.hpp"

// What liblic looks for in this library by name (protocol/question.hpp).

extern "C" __attribute__((visibility("default"))) void lic_ask_server(const lic::ServerQuestion* question,
                                                                      std::shared_ptr<const lic::Asked>* asked) {
  try {
    *asked = std::make_shared<const lic::Asked>(lic::http::ask(*question, lic::http::exchange));
  } catch (const std::exception&) {
    asked->reset();  // memory ran out: there is none for words
  }
}
