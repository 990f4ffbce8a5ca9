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

Command SearchCommand();
Command GraphNeighboursCommand();
Command GraphUpstreamCommand();
Command GraphDownstreamCommand();
Command GraphImpactCommand();
Command GraphPathsCommand();
Command GraphCyclesCommand();
Command GraphSubgraphCommand();
Command GraphColumnsCommand();

Command TasksListCommand();
Command TasksWatchCommand();
Command TasksCancelCommand();
Command TasksRerunCommand();
Command TasksResolveCommand();

Command ConnectorsListCommand();
Command ConnectorsStatusCommand();
Command ConnectorsValidateCommand();
Command ConnectorsActivateCommand();
Command ConnectorsPauseCommand();
Command ConnectorsResumeCommand();
Command ConnectorsRestartCommand();
Command ConnectorsLagCommand();
Command ConnectorsErrorsCommand();
Command ConnectorsKeyCommand();

Command ImportDpkgCommand();
Command ImportNdjsonCommand();
Command ImportOpenLineageCommand();
Command ImportCsvCommand();
Command ImportYoutube8mCommand();
Command ImportDbtCommand();
Command ImportHttpCommand();
Command ImportPostgresCommand();
Command ImportLogCommand();
Command ExportCommand();

Command WatchCommand();
Command FollowersCommand();
Command ReindexCommand();
Command AuditVerifyCommand();
Command AuditListCommand();
Command AuditShowCommand();
Command TenantsEraseCommand();
Command AuditExportCommand();
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
