using DemEngine.Cli;
using DemEngine.Cli.Startup;

TerminalKeys.LeaveAsTheyAre();
KnownStores.Register();
return ProcessLimits.AreEnough() ? GuardedStreams.Run(() => DemCommand.Run(args)) : 1;
