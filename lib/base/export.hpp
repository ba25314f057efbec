#pragma once

#include "lic/export.hpp"

/// May be exported from liblic.so for licctl and liblic-http, as far as lib/liblic.map names it: no header of it
/// is installed and nothing about it is promised from one release to the next. (licgen has the objects themselves.)
#define LIC_INTERNAL LIC_API
