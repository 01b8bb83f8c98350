using System.Diagnostics;
using DemEngine.Merging;
using Spectre.Console;

namespace DemEngine.Cli.Output;

/// <summary>Shows where a run stands: a live bar on a terminal, a plain line now and then elsewhere, nothing if it is to be quiet.</summary>
internal static class ProgressDisplay
{
    private static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan BarInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>Runs something that reports its progress. All is shown on standard error.</summary>
    public static T Run<T>(bool quiet, Func<Action<RunProgress>?, T> work)
    {
        if (quiet)
            return work(null);

        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return Console.IsErrorRedirected ? RunWithLines(work) : RunWithBar(console, work);
    }

    private static T RunWithLines<T>(Func<Action<RunProgress>?, T> work)
    {
        var gate = new Lock();
        long start = Stopwatch.GetTimestamp();
        long last = start;
        return work(progress =>
        {
            lock (gate)
            {
                if (Stopwatch.GetElapsedTime(last) < LineInterval)
                    return;
                last = Stopwatch.GetTimestamp();
                Console.Error.WriteLine($"{progress.Phase}: {Describe(progress, Stopwatch.GetElapsedTime(start))}");
            }
        });
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
                        bar.Description = Markup.Escape($"{latest.Phase} {Describe(latest, Stopwatch.GetElapsedTime(start))}");
                        bar.Value = latest.BytesTotal == 0 ? 0 : (double)latest.BytesDone / latest.BytesTotal;
                    }
                }
            });
        if (failure is not null)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        return result;
    }

    private static string Describe(RunProgress progress, TimeSpan elapsed)
    {
        double rate = progress.BytesDone / Math.Max(elapsed.TotalSeconds, 1e-3);
        string left = rate > 0 ? $", {TimeSpan.FromSeconds(Math.Min((progress.BytesTotal - progress.BytesDone) / rate, 359999)):h\\:mm\\:ss} left" : "";
        return $"{Sizes.Format(progress.BytesDone)} of {Sizes.Format(progress.BytesTotal)}, {rate / 1e9:0.00} GB/s{left}";
    }
}
