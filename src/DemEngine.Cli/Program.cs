using DemEngine.Cli;
using DemEngine.Cli.Startup;

return ProcessLimits.AreEnough() ? GuardedStreams.Run(() => DemCommand.Run(args)) : 1;
