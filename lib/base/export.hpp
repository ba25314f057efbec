#pragma once

#include "lic/export.hpp"

/// Exported from liblic.so for licgen alone: no header of it is installed and
/// nothing about it is promised from one release to the next.
#define LIC_INTERNAL LIC_API
