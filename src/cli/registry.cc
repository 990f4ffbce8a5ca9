#include "cli/commands.h"

namespace tenon::cli {

std::vector<Command> AllCommands() {
  return {
      ServeCommand(),
      ConfigCommand(),
      DoctorCommand(),
      BackupCommand(),
      RestoreCommand(),
      CheckCommand(),
      FmtCommand(),
      PlanCommand(),
      MigrateCommand(),
      RollbackCommand(),
      ModelsCommand(),
      ListCommand(),
      GetCommand(),
      CreateCommand(),
      UpdateCommand(),
      DeleteCommand(),
      DoCommand(),
      HistoryCommand(),
      ViewCommand(),
      ApplyCommand(),
      DiffCommand(),
      ImportDpkgCommand(),
      ImportNdjsonCommand(),
      ImportCsvCommand(),
      ExportCommand(),
      WatchCommand(),
      AuditVerifyCommand(),
      AuditListCommand(),
      AuditCheckpointCommand(),
      AuditEraseCommand(),
      LoginCommand(),
      ContextListCommand(),
      ContextUseCommand(),
      ContextCurrentCommand(),
      ContextRemoveCommand(),
      KeysCreateCommand(),
      KeysListCommand(),
      KeysRevokeCommand(),
      KeysRotateCommand(),
      CompletionCommand(),
      VersionCommand(),
      HelpCommand(),
  };
}

}  // namespace tenon::cli
