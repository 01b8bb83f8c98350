using DemEngine.Cli;
using DemEngine.Cli.Startup;

if (!ProcessLimits.AreEnough())
    return 1;
TerminalKeys.LeaveAsTheyAre();
return GuardedStreams.Run(() => DemCommand.Run(args));
