// Every command, in the order of the help page. A new command is one file in commands/ and one
// line here and in registry.cc.
#pragma once

#include <vector>

#include "cli/command.h"

namespace tenon::cli {

Command ServeCommand();
Command ConfigCommand();
Command DoctorCommand();
Command BackupCommand();
Command RestoreCommand();

Command CheckCommand();
Command FmtCommand();
Command PlanCommand();
Command MigrateCommand();
Command RollbackCommand();

Command ModelsCommand();
Command ListCommand();
Command GetCommand();
Command CreateCommand();
Command UpdateCommand();
Command DeleteCommand();
Command DoCommand();
Command HistoryCommand();
Command ViewCommand();
Command ApplyCommand();
Command DiffCommand();

Command ImportDpkgCommand();
Command ImportNdjsonCommand();
Command ImportCsvCommand();
Command ExportCommand();

Command WatchCommand();
Command AuditVerifyCommand();
Command AuditListCommand();
Command AuditCheckpointCommand();
Command AuditEraseCommand();

Command LoginCommand();
Command ContextListCommand();
Command ContextUseCommand();
Command ContextCurrentCommand();
Command ContextRemoveCommand();
Command KeysCreateCommand();
Command KeysListCommand();
Command KeysRevokeCommand();
Command KeysRotateCommand();

Command CompletionCommand();
Command VersionCommand();
Command HelpCommand();

std::vector<Command> AllCommands();

}  // namespace tenon::cli
