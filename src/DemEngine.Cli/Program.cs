using DemEngine.Cli;

return DemCommand.Run(args);
