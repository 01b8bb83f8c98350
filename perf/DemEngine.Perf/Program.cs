using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.NoEmit;
using DemEngine.Perf;

// The table of strategies is no benchmark of time: it counts evaluations on models that are trained for it.
if (args is ["strategies", var experiment, var work])
{
    StrategyTable.Run(experiment, work);
    return;
}

// Neither is this: it counts the time of a cluster that is not there.
if (args is ["cluster"])
{
    ClusterSimulation.Run(Console.Out);
    return;
}

// In this process: the build of a separate one would not know where the repository's packages come from.
var config = ManualConfig.Create(DefaultConfig.Instance)
    .AddJob(Job.ShortRun.WithToolchain(InProcessNoEmitToolchain.Instance))
    .AddColumn(new ThroughputColumn())
    .HideColumns(Column.Error, Column.StdDev, Column.RatioSD, Column.Job, Column.Toolchain)
    .WithOptions(ConfigOptions.DisableOptimizationsValidator);
BenchmarkSwitcher.FromAssembly(typeof(ThroughputColumn).Assembly).Run(args, config);
