using System.Text.RegularExpressions;

namespace DemEngine.Native.Tests;

/// <summary>The library as C sees it.</summary>
public partial class LibraryTests
{
    [SetUp]
    public void Require() => NativeLibrary.Require();

    [Test]
    public void What_is_visible_is_what_the_header_declares()
    {
        string nm = Programs.Find("nm") ?? throw new IgnoreException("there is no nm to list symbols with");
        string[] visible = [.. SymbolPattern().Matches(Programs.Run(nm, NativeLibrary.Folder, "-D", "--defined-only", "libdem.so")).Select(match => match.Groups[1].Value)];
        string header = CommentPattern().Replace(File.ReadAllText(Path.Combine(NativeLibrary.Sources, "demengine.h")), "");
        string[] declared = [.. FunctionPattern().Matches(header).Select(match => match.Groups[1].Value)];
        Assert.That(declared, Has.Length.GreaterThan(15).And.Member("dem_merge"));
        Assert.That(visible, Is.EquivalentTo(declared));
    }

    [Test]
    public void The_header_lies_beside_the_library() =>
        Assert.That(File.ReadAllBytes(Path.Combine(NativeLibrary.Folder, "demengine.h")), Is.EqualTo(File.ReadAllBytes(Path.Combine(NativeLibrary.Sources, "demengine.h"))));

    [Test]
    public void The_example_in_C_merges_to_the_engines_bytes_and_shows_errors_and_stopping()
    {
        string compiler = Programs.Find("cc") ?? throw new IgnoreException("there is no cc");
        string example = Path.Combine(NativeLibrary.Work, "example");
        Programs.Run(
            compiler, NativeLibrary.Folder, "-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", Path.Combine(NativeLibrary.Sources, "example.c"), "-I.", "-L.", "-ldem",
            $"-Wl,-rpath,{NativeLibrary.Folder}", "-o", example);
        string[] lines = Programs.Run(example, NativeLibrary.Work, "recipe.yaml", "from-c", SmallModels.Tensor).TrimEnd().Split('\n');

        Assert.That(lines[0], Does.Match(@"^DemEngine \d+\.\d+"));
        Assert.That(lines[1], Is.EqualTo("""plan: {"schema":1,"..."""));
        Assert.That(lines[2], Is.EqualTo("merged: with a report, progress was told: yes"));
        Assert.That(lines[3], Is.EqualTo($"{SmallModels.Tensor}: 4096 bytes, the same in memory and on disk"));
        Assert.That(lines[4], Is.EqualTo("arrays: 2 3 4 5"));
        Assert.That(lines[5], Does.StartWith("again: status 2, {\"schema\":1,\"error\":{\"code\":\"DEM1002\"").And.Contain("from-c").And.Contain("\"remedy\":\"Choose"));
        Assert.That(lines[6], Does.StartWith("stopped: status 130, {\"schema\":1,\"error\":{\"code\":\"interrupted\"").And.EndsWith("model none"));
        Assert.That(lines, Has.Length.EqualTo(7));
        foreach (string file in Directory.GetFiles(Path.Combine(NativeLibrary.Work, "expected")).Select(path => Path.GetFileName(path)))
            Assert.That(File.ReadAllBytes(Path.Combine(NativeLibrary.Work, "from-c", file)), Is.EqualTo(File.ReadAllBytes(Path.Combine(NativeLibrary.Work, "expected", file))), file);
    }

    [Test]
    public void The_header_is_one_of_Cpp_too()
    {
        string compiler = Programs.Find("c++") ?? Programs.Find("g++") ?? throw new IgnoreException("there is no compiler of C++");
        string source = Path.Combine(NativeLibrary.Work, "header.cpp");
        File.WriteAllText(source, "#include \"demengine.h\"\nint main() { return dem_version() == nullptr; }\n");
        Programs.Run(compiler, NativeLibrary.Folder, "-Wall", "-Werror", source, "-I.", "-L.", "-ldem", $"-Wl,-rpath,{NativeLibrary.Folder}", "-o", source + ".out");
        Programs.Run(source + ".out", NativeLibrary.Work);
    }

    [GeneratedRegex(@"^[0-9a-f]+ [B-Zb-z] (\w+)", RegexOptions.Multiline)]
    private static partial Regex SymbolPattern();

    [GeneratedRegex(@"/\*.*?\*/", RegexOptions.Singleline)]
    private static partial Regex CommentPattern();

    [GeneratedRegex(@"\b(dem_\w+)\((?!\*)")]
    private static partial Regex FunctionPattern();
}
