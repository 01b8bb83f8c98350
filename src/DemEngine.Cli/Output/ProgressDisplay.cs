using System.Diagnostics;
using DemEngine.Merging;
using Spectre.Console;

namespace DemEngine.Cli.Output;

/// <summary>Shows where a run stands: a live bar on a terminal, a plain line now and then elsewhere, nothing if it is to be quiet.</summary>
internal static class ProgressDisplay
{
    private static readonly TimeSpan BarInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>Runs something that reports its progress. All is shown on standard error.</summary>
    public static T Run<T>(bool quiet, Func<Action<RunProgress>?, T> work)
    {
        if (quiet)
            return work(null);

        if (Console.IsErrorRedirected)
            return work(new ProgressLines(Console.Error, TimeProvider.System).Report);

        return RunWithBar(AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) }), work);
    }

    private static T RunWithBar<T>(IAnsiConsole console, Func<Action<RunProgress>?, T> work)
    {
        RunProgress latest = default;
        var gate = new Lock();
        T result = default!;
        Exception? failure = null;
        console.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn())
            .Start(context =>
            {
                ProgressTask bar = context.AddTask("starting", maxValue: 1);
                long start = Stopwatch.GetTimestamp();
                var thread = new Thread(() =>
                {
                    try
                    {
                        result = work(progress =>
                        {
                            lock (gate)
                                latest = progress;
                        });
                    }
                    catch (Exception e)
                    {
                        failure = e;
                    }
                });
                thread.Start();
                while (!thread.Join(BarInterval))
                {
                    lock (gate)
                    {
                        bar.Description = Markup.Escape($"{latest.Phase} {ProgressLines.Describe(latest, Stopwatch.GetElapsedTime(start))}");
                        bar.Value = latest.BytesTotal == 0 ? 0 : (double)latest.BytesDone / latest.BytesTotal;
                    }
                }
            });
        if (failure is not null)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        return result;
    }
}
