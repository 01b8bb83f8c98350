using DemEngine.Cli;
using DemEngine.Cli.Startup;

TerminalKeys.LeaveAsTheyAre();
return ProcessLimits.AreEnough() ? GuardedStreams.Run(() => DemCommand.Run(args)) : 1;
