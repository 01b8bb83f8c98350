using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace DemEngine.Cli.Tests;

[NonParallelizable]
public class BenchTests
{
    [Test]
    public void Device_is_measured_with_its_merges_and_its_timeline_drawn()
    {
        using var folder = new TempFolder();
        string svg = folder.PathOf("timeline.svg");
        string[] command =
        [
            "bench", "--backend", "ilgpu-cpu", "--max-vram", "1MB", "--shape", "tiny", "--sources", "1", "2", "--repeats", "1",
            "--dir", folder.PathOf("models"), "--timeline", svg, "--figures", folder.PathOf("figures.json"),
        ];
        JsonElement report = Dem.Run([.. command, "--json"]).Expect(0).Json;
        using JsonDocument figures = JsonDocument.Parse(File.ReadAllText(folder.PathOf("figures.json")));
        Assert.That(JsonElement.DeepEquals(figures.RootElement, report), "the same figures");
        JsonElement device = report.GetProperty("device");
        Assert.That(device.GetProperty("name").GetString(), Is.EqualTo("ilgpu-cpu"));
        double hostToDevice = device.GetProperty("rates").GetProperty("host_to_device").GetDouble();
        Assert.That(hostToDevice, Is.Positive);
        Assert.That(device.GetProperty("rates").GetProperty("kernels").GetArrayLength(), Is.GreaterThan(10));
        Assert.That(device.GetProperty("peak_bytes").GetInt64(), Is.InRange(1, 1_000_000));
        Assert.That(device.GetProperty("timeline").GetProperty("overlap").GetDouble(), Is.InRange(0.1, 3));
        Assert.That(device.GetProperty("timeline").TryGetProperty("tiles", out _), Is.False, "the picture has them");
        foreach (JsonElement merge in report.GetProperty("merges").EnumerateArray())
        {
            double input = merge.GetProperty("input").GetDouble();
            Assert.That(input, Is.Positive.And.LessThan(merge.GetProperty("merge").GetDouble() + 1e-9));
            Assert.That(merge.GetProperty("input_to_host_to_device").GetDouble(), Is.EqualTo(input / hostToDevice).Within(1e-9));
        }

        Assert.That(XDocument.Parse(File.ReadAllText(svg)).Root!.Name.LocalName, Is.EqualTo("svg"));
    }

    [Test]
    public void A_sweep_is_measured_against_one_merge([Values("task_arithmetic", "ties", "slerp")] string method)
    {
        using var folder = new TempFolder();
        string[] command = ["bench", "--method", method, "--shape", "tiny", "--sources", "1", "--repeats", "2", "--dir", folder.PathOf("models"), "--sweep", "3"];
        JsonElement sweep = Dem.Run([.. command, "--json"]).Expect(0).Json.GetProperty("sweeps").EnumerateArray().Single();
        Assert.That(sweep.GetProperty("candidates").GetInt32(), Is.EqualTo(3));
        foreach (string figure in new[] { "one", "sweep", "sweep_to_one", "memory_to_one", "null_to_one", "copy_to_one" })
            Assert.That(sweep.GetProperty(figure).GetDouble(), Is.Positive, figure);
        Assert.That(Directory.GetDirectories(folder.PathOf("models")).Select(Path.GetFileName), Has.None.EqualTo("sweep"), "outputs are deleted");
        Assert.That(Dem.Run(command).Expect(0).Output, Does.Contain("sweep/one"));
    }

    [Test]
    public void A_method_without_a_number_to_sweep_is_refused()
    {
        using var folder = new TempFolder();
        Dem.Run("bench", "--method", "model_stock", "--shape", "tiny", "--repeats", "1", "--dir", folder.PathOf("models"), "--sweep", "3").ExpectError(ErrorCode.BadArgument, "model_stock");
    }

    [Test]
    public void Any_method_is_measured([Values("ties", "dare_linear", "arcee_fusion", "slerp", "karcher", "passthrough", "model_stock")] string method)
    {
        using var folder = new TempFolder();
        JsonElement report = Dem.Run("bench", "--method", method, "--shape", "tiny", "--repeats", "1", "--dir", folder.PathOf("models"), "--json").Expect(0).Json;
        Assert.That(report.GetProperty("method").GetString(), Is.EqualTo(method));
        JsonElement[] merges = [.. report.GetProperty("merges").EnumerateArray()];
        int[] expected = method is "arcee_fusion" or "slerp" or "passthrough" ? [1] : method == "model_stock" ? [2, 4] : [1, 2, 4];
        Assert.That(merges.Select(merge => merge.GetProperty("sources").GetInt32()), Is.EqualTo(expected));
        int passes = method switch { "ties" or "dare_linear" or "slerp" or "karcher" or "model_stock" => 2, "arcee_fusion" => 3, _ => 1 };
        foreach (JsonElement merge in merges)
        {
            int sources = merge.GetProperty("sources").GetInt32();

            // The base is not read where it takes no part.
            double read = method is "karcher" or "passthrough" ? sources / (sources + 1.0) : 1;
            Assert.That(merge.GetProperty("passes").GetDouble(), Is.EqualTo(passes * read).Within(0.05));
            Assert.That(merge.GetProperty("seconds").GetDouble(), Is.Positive);
            Assert.That(merge.GetProperty("merge_to_null").GetDouble(), Is.Positive);
        }
    }

    [Test]
    public void How_much_it_takes_is_said_first_and_nothing_is_left()
    {
        CommandResult result = Dem.Run("bench", "--shape", "tiny", "--sources", "1", "--repeats", "1").Expect(0);
        Match said = Regex.Match(result.Error, "^models and outputs take up to ([0-9.]+) MB in (.+) until the end;", RegexOptions.Multiline);
        Assert.That(said.Success, result.Error);
        Assert.That(result.Error, Does.StartWith("models and outputs"));
        Assert.That(double.Parse(said.Groups[1].Value, CultureInfo.InvariantCulture), Is.InRange(3 * 0.4, 3 * 0.6), "base, source and output");
        Assert.That(Directory.Exists(said.Groups[2].Value), Is.False);
    }

    [Test]
    public void What_else_is_in_its_folder_stays()
    {
        using var folder = new TempFolder();
        string[] others = ["copy", "merged", "sweep", "direct"];
        foreach (string other in others)
        {
            Directory.CreateDirectory(folder.PathOf(other));
            folder.Write($"{other}/kept", "");
        }

        string[] command = ["bench", "--shape", "tiny", "--sources", "1", "--repeats", "1", "--cold", "--sweep", "2", "--dir", folder.Path];
        string first = Dem.Run(command).Expect(0).Error;
        Assert.That(others.Select(other => folder.PathOf($"{other}/kept")), Has.All.Exist);
        Assert.That(Directory.GetFileSystemEntries(folder.Path), Has.Length.EqualTo(others.Length + 2), "and the two models");
        Assert.That(first, Does.Contain("the models stay there"));
        Assert.That(Dem.Run(command).Expect(0).Error, Does.Not.Contain("making"), "the models are used again");
    }

    [TestCase("tie", "there is no method \"tie\" (did you mean \"ties\"?)")]
    [TestCase("slerp", "it takes 1")]
    [TestCase("model_stock", "it takes 2 or more")]
    public void What_a_method_does_not_take_is_refused(string method, string message)
    {
        using var folder = new TempFolder();
        Dem.Run("bench", "--method", method, "--shape", "tiny", "--sources", method == "slerp" ? "2" : "1", "--dir", folder.PathOf("models"), "--quiet")
            .ExpectError(ErrorCode.BadArgument, message);
        Assert.That(Directory.GetFileSystemEntries(folder.Path), Is.Empty);
    }

    [Test]
    public void Timeline_of_the_processor_is_refused()
    {
        using var folder = new TempFolder();
        Dem.Run("bench", "--shape", "tiny", "--dir", folder.PathOf("models"), "--quiet", "--timeline", folder.PathOf("t.svg"))
            .ExpectError(ErrorCode.BadArgument, "the backend cpu is not");
        Assert.That(Directory.GetFileSystemEntries(folder.Path), Is.Empty);
    }
}
