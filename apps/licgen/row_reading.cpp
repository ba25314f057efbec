#include "licgen/row_reading.hpp"

#include "base/result.hpp"

namespace lic::app {
namespace {

constexpr std::size_t kBlockRows = 250;
constexpr std::size_t kBlockBytes = 256 * 1024;

std::size_t size_of(const RawRow& row) {
  std::size_t size = row.text.size();
  for (const csv::Field& field : row.fields) size += field.text.size();
  return size;
}

}  // namespace

RowReading::RowReading(RowSource& source, const RowSink& sink, Look look, Workers& workers)
    : source_(source), sink_(sink), look_(look), workers_(workers), ahead_(2 * Workers::count(), [this] {
        return begin_block();
      }) {}

Result<std::shared_ptr<ReadRow>> RowReading::next() {
  if (at_ == block_.size()) {
    LIC_TRY_ASSIGN(auto block, ahead_.next());
    if (!block) return std::shared_ptr<ReadRow>();
    block_ = *std::move(block);
    at_ = 0;
  }
  return std::move(block_[at_++]);
}

Result<std::optional<std::future<RowReading::Block>>> RowReading::begin_block() {
  if (fault_) return *fault_;
  std::vector<RawRow> rows;
  for (std::size_t bytes = 0; !ended_ && rows.size() < kBlockRows && bytes < kBlockBytes;) {
    RawRow row;
    const auto found = source_.next(row);
    if (!found) fault_ = found.error();
    ended_ = !found || !*found;
    if (ended_) break;
    bytes += size_of(row);
    rows.push_back(std::move(row));
  }
  if (rows.empty() && fault_) return *fault_;
  if (rows.empty()) return std::optional<std::future<Block>>();
  const std::size_t count = rows.size();
  return std::optional(
      workers_.begin(count, [this, taken = std::move(rows)]() mutable { return read(std::move(taken)); }));
}

RowReading::Block RowReading::read(std::vector<RawRow> rows) const {
  Block block;
  block.reserve(rows.size());
  for (RawRow& raw : rows) {
    auto row = std::make_shared<ReadRow>();
    row->raw = std::move(raw);
    row->item = source_.item_of(row->raw);
    row->terms = sink_.read(row->item, look_, row->faults);
    if (look_ == Look::again) {
      row->item = {};
      row->raw.text = {};
    }
    block.push_back(std::move(row));
  }
  return block;
}

}  // namespace lic::app
