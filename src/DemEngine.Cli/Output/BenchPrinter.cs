using System.Globalization;
using System.Text.Json;
using DemEngine.Backends.Devices;
using DemEngine.Cli.Answers;
using DemEngine.Cli.Formatting;
using DemEngine.Cli.Pictures;
using DemEngine.Lab.Benchmarking;

namespace DemEngine.Cli.Output;

/// <summary>Prints the results of <c>dem bench</c> as tables or as JSON.</summary>
internal static class BenchPrinter
{
    public static void PrintJson(BenchReport report) => Console.Out.WriteLine(Json(report));

    /// <summary>The object that <c>--json</c> prints, for a file.</summary>
    public static string Answer(BenchReport report)
    {
        using var text = new StringWriter();
        JsonResult.Write(text, Json(report), error: null);
        return text.ToString();
    }

    public static void PrintText(BenchReport report)
    {
        Prose.Print(report.Machine);
        Console.Out.WriteLine(
            $"{report.Method}, {report.Shape}, {Sizes.Format(report.ModelBytes)}"
            + " a model, "
            + $"{report.Threads} threads, median of {report.Repeats}");
        if (report.Device is { } measured)
            PrintRates(measured);
        Console.Out.WriteLine(
            $"memory copy {Number(report.MemoryCopy)} GB/s, file copy {Number(report.FileCopy)} GB/s (read + written)");
        TablePrinter.Print(
            [
                " sources",
                "cache",
                " seconds",
                " passes",
                " null GB/s",
                " merge GB/s",
                " merge/null",
                " null/file copy",
                " merge/memory copy",
                " in GB/s",
                " in/host to device",
                " on disk s",
                " of direct reads and writes",
            ],
            report.Merges.Select(merge => new[]
            {
                $"{merge.Sources}",
                merge.Cache,
                merge.Seconds.ToString("0.000", CultureInfo.InvariantCulture),
                Number(merge.Passes),
                Number(merge.Null),
                Number(merge.Merge),
                Number(merge.MergeToNull),
                Number(merge.NullToFileCopy),
                Number(merge.MergeToMemoryCopy),
                Number(merge.Input),
                merge.InputToHostToDevice is { } ratio ? Number(ratio) : "",
                merge.OnDisk.ToString("0.000", CultureInfo.InvariantCulture),
                merge.ToDirectCopy is { } ofLimit ? Number(ofLimit) : "",
            }));
        if (report.Sweeps.Count > 0)
        {
            TablePrinter.Print(
                [" sources", " merges", " one s", " sweep s", " sweep/one", " in memory/one", " null/one", " copies/one"],
                report.Sweeps.Select(sweep => new[]
                {
                    $"{sweep.Sources}",
                    $"{sweep.Candidates}",
                    sweep.One.ToString("0.000", CultureInfo.InvariantCulture),
                    sweep.Sweep.ToString("0.000", CultureInfo.InvariantCulture),
                    Number(sweep.SweepToOne),
                    Number(sweep.MemoryToOne),
                    Number(sweep.NullToOne),
                    Number(sweep.CopyToOne),
                }));
        }

        Console.Out.WriteLine($"peak anonymous memory {report.PeakAnonymousBytes / (double)(1 << 20):0} MiB");
        if (report.Device is { } device)
            PrintUse(device);
    }

    private static void PrintRates(DeviceReport device)
    {
        DeviceRates rates = device.Rates;
        Console.Out.WriteLine($"{device.Name}: {device.Model}");
        Console.Out.WriteLine(
            $"copy on the device {Number(rates.Copy)} GB/s (read + written), host to device {Number(rates.HostToDevice)}, "
            + $"device to host {Number(rates.DeviceToHost)}, both at once {Number(rates.BothWays)}");
        TablePrinter.Print(
            ["kernel", " bytes/element", " GB/s", " /copy"],
            rates.Kernels.Select(kernel => new[]
            {
                kernel.Kernel, $"{kernel.BytesPerElement}", Number(kernel.GigabytesPerSecond), Number(kernel.ToCopy),
            }));
    }

    private static void PrintUse(DeviceReport device)
    {
        string used = device.UsedBytes is { } bytes ? $"; {Sizes.Format(bytes)} of it in use by all programs" : "";
        Console.Out.WriteLine($"peak device memory of tensors {Sizes.Format(device.PeakBytes)}{used}");
        if (device.Timeline is { } timeline)
            Console.Out.WriteLine(TimelineChart.Summary(timeline));
    }

    private static string Json(BenchReport report) => JsonSerializer.Serialize(report, ReportJson.Default.BenchReport);

    private static string Number(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);
}
