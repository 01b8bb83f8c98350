using System.Diagnostics;
using DemEngine.Cli.Formatting;
using DemEngine.Merging.Options;
using Spectre.Console;

namespace DemEngine.Cli.Progress;

/// <summary>
/// Shows the progress of a run: a live bar on a terminal, a plain line now and then elsewhere, and nothing if it is to be quiet.
/// </summary>
internal static class ProgressDisplay
{
    /// <summary>How the request says that progress is to be shown.</summary>
    public static ProgressKind Asked { get; set; }

    // Less would break the words beside the bar.
    private const int NarrowestWithBar = 80;

    private static readonly TimeSpan BarInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>Runs work that reads and writes, and shows its progress on standard error.</summary>
    public static TResult Run<TResult>(bool quiet, Func<Action<RunProgress>?, TResult> work) =>
        Run(quiet, RunProgressText.Text, work);

    /// <summary>Runs work of any kind, and shows its progress on standard error.</summary>
    public static TResult Run<T, TResult>(bool quiet, ProgressText<T> text, Func<Action<T>?, TResult> work)
        where T : struct
    {
        ProgressKind kind = Asked != ProgressKind.Auto ? Asked
            : quiet ? ProgressKind.None
            : Console.IsErrorRedirected ? ProgressKind.Plain : ProgressKind.Bar;
        return kind switch
        {
            ProgressKind.None => work(null),
            ProgressKind.Bar => RunWithBar(text, NewConsole(), work),
            _ => work(
                new ProgressLines<T>(text, Console.Error, TimeProvider.System, isJson: kind == ProgressKind.Json).Report),
        };
    }

    private static string Shortened(string line, int width) => line.Length <= width ? line : $"{line[..(width - 1)]}…";

    private static IAnsiConsole NewConsole() => AnsiConsole.Create(new AnsiConsoleSettings
    {
        Out = new AnsiConsoleOutput(Console.Error),
        ColorSystem = TerminalColors.System,
    });

    private static TResult RunWithBar<T, TResult>(ProgressText<T> text, IAnsiConsole console, Func<Action<T>?, TResult> work)
        where T : struct
    {
        T? latest = null;
        var gate = new Lock();
        TResult result = default!;
        Exception? failure = null;
        bool hasBar = console.Profile.Width >= NarrowestWithBar;
        ProgressColumn[] columns = hasBar
            ? [new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn()]
            : [new TaskDescriptionColumn { Alignment = Justify.Left }];
        console.Progress()
            .AutoClear(true)
            .Columns(columns)
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
                        string line = text.Line(now, Stopwatch.GetElapsedTime(start));
                        if (!hasBar)
                            line = Shortened($"{text.Share(now):0%} {line}", console.Profile.Width - 1);
                        bar.Description = Markup.Escape(line);
                        bar.Value = text.Share(now);
                    }
                }
            });
        if (failure is not null)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        return result;
    }
}
