using System.Diagnostics;
using DemEngine.Merging.Options;
using Spectre.Console;

namespace DemEngine.Cli.Progress;

/// <summary>
/// Shows the progress of a run: a live bar on a terminal, a plain line now and then elsewhere, and nothing if it is to be quiet.
/// </summary>
internal static class ProgressDisplay
{
    private static readonly TimeSpan BarInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>Runs work that reads and writes, and shows its progress on standard error.</summary>
    public static TResult Run<TResult>(bool quiet, Func<Action<RunProgress>?, TResult> work) =>
        Run(quiet, RunProgressText.Text, work);

    /// <summary>Runs work of any kind, and shows its progress on standard error.</summary>
    public static TResult Run<T, TResult>(bool quiet, ProgressText<T> text, Func<Action<T>?, TResult> work)
        where T : struct
    {
        if (quiet)
            return work(null);

        if (Console.IsErrorRedirected)
            return work(new ProgressLines<T>(text, Console.Error, TimeProvider.System).Report);

        return RunWithBar(text, AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) }), work);
    }

    private static TResult RunWithBar<T, TResult>(ProgressText<T> text, IAnsiConsole console, Func<Action<T>?, TResult> work)
        where T : struct
    {
        T? latest = null;
        var gate = new Lock();
        TResult result = default!;
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
                        if (latest is not { } now)
                            continue;
                        bar.Description = Markup.Escape(text.Line(now, Stopwatch.GetElapsedTime(start)));
                        bar.Value = text.Share(now);
                    }
                }
            });
        if (failure is not null)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        return result;
    }
}
