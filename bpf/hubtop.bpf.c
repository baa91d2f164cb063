// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* The one object the agent loads: every program and map of ours. */
#include "tc.h"
#include "drops.h"
#include "tcp.h"
#include "sweep.h"
#include "sock.h"
#include "maps-iterator.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
