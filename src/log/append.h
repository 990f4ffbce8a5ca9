// Writing an audits row: what both kinds of log have in common.
#pragma once

#include "log/log.h"

namespace tenon {

// Gives `entry` its id and queues the INSERT of its audits row.
Result<void> InsertAudit(Transaction& transaction, IdSource& ids, LogEntry& entry);

}  // namespace tenon
