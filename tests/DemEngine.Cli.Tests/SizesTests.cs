using System.CommandLine;
using DemEngine.Cli.Formatting;

namespace DemEngine.Cli.Tests;

public class SizesTests
{
    [TestCase("1", 1)]
    [TestCase("1B", 1)]
    [TestCase("512MB", 512_000_000)]
    [TestCase("512 mb", 512_000_000)]
    [TestCase("1.5GiB", 1_610_612_736)]
    [TestCase("2TiB", 2_199_023_255_552)]
    [TestCase(" 3KiB ", 3072)]
    public void Sizes_as_people_write_them(string text, long bytes)
    {
        Option<long> option = Sizes.Option("--size", "A size.", 7);
        Assert.That(new RootCommand { option }.Parse(["--size", text]).GetValue(option), Is.EqualTo(bytes));
    }

    [TestCase(0, "0 B")]
    [TestCase(999, "999 B")]
    [TestCase(1000, "1.00 KB")]
    [TestCase(999_499, "999 KB")]
    [TestCase(999_500, "1.00 MB")]
    [TestCase(12_345_678, "12.3 MB")]
    [TestCase(512_000_000, "512 MB")]
    [TestCase(26e9, "26.0 GB")]
    public void Sizes_as_people_read_them(double bytes, string text) => Assert.That(Sizes.Format(bytes), Is.EqualTo(text));
}
