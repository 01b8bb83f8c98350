using System.Text.RegularExpressions;

namespace DemEngine.Packages.Tests;

/// <summary>New console programs that consist of the lines in the packages' README files.</summary>
public class ProgramTests
{
    [Test]
    public void The_lines_of_engine_and_kernels_merge_to_the_same_bytes()
    {
        Assert.That(Code("README.md"), Is.EqualTo(Code("src/DemEngine/README.md")), "the repository's page shows the same");
        File.WriteAllText(Path.Combine(PackagedBuild.WorkFolder, "recipe.yaml"), Block("src/DemEngine/README.md", "yaml"));
        Assert.That(Run("engine", Code("src/DemEngine/README.md"), "DemEngine"), Does.Match(@"\d+ tensors at \d"));
        Assert.That(PackagedBuild.Dem(0, "verify", "merged"), Does.Contain("as the manifest says"));

        Assert.That(Run("device", Code("kernels/DemEngine.Kernels/README.md"), "DemEngine.Kernels"), Does.Contain("tensors by ilgpu-cpu"));
        string[] files = [.. Directory.GetFiles(Work("merged")).Select(file => Path.GetFileName(file))];
        Assert.That(files, Does.Contain("model.safetensors"));
        foreach (string file in files)
            Assert.That(File.ReadAllBytes(Path.Combine(Work("merged-on-device"), file)), Is.EqualTo(File.ReadAllBytes(Path.Combine(Work("merged"), file))), file);
    }

    [Test]
    public void The_trainings_lines_train_with_the_libtorch_that_the_program_brings()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Ignore("the program would bring another libtorch");
        string output = Run("training", Code("src/DemEngine.Training/README.md"), "DemEngine.Training", $"libtorch-cpu-linux-x64 {DotNet.Metadata("LibtorchVersion")}");
        Assert.That(output, Does.Match(@"loss \d+\.\d{3}"));
    }

    [Test]
    public void The_embedding_programs_lines_register_a_method_and_merge_from_memory_to_memory()
    {
        string printed = Run("embedding", Code("docs/embedding.md"), "DemEngine");
        Assert.That(printed, Does.Contain("4 tensors, ").And.Contain(" bytes, complete: True"));
        Assert.That(printed, Does.Contain("progress was reported: True; metrics saw bytes: True"));
        Assert.That(printed, Does.Match(@"sum of all elements: -?\d"));
        Assert.That(printed, Does.EndWith("cancelled\n"));

        // Compiled ahead of time, without a warning, and the same bits.
        if (!OperatingSystem.IsLinux() || !(File.Exists("/usr/bin/gcc") || File.Exists("/usr/bin/clang")))
            Assert.Ignore("there is no linker to compile ahead of time with");
        string folder = Work("embedding");
        DotNet.Run(folder, "publish", "-r", "linux-x64", "-p:PublishAot=true", "-p:StripSymbols=false", "-o", Work("embedding-native"), "-nodeReuse:false");
        Assert.That(DotNet.Start(Path.Combine(Work("embedding-native"), "embedding"), PackagedBuild.WorkFolder, 0), Is.EqualTo(printed));
    }

    private static string Run(string name, string code, params string[] packages)
    {
        string folder = Path.Combine(PackagedBuild.WorkFolder, name);
        DotNet.Run(PackagedBuild.WorkFolder, "new", "console", "-o", name, "--no-restore");
        File.WriteAllText(Path.Combine(folder, "Program.cs"), code);
        foreach (string package in packages)
        {
            string[] words = [.. package.Split(' '), PackagedBuild.Version];
            DotNet.Run(folder, "add", "package", words[0], "--version", words[1], "--no-restore");
        }

        DotNet.Run(folder, "build", "-nodeReuse:false");
        return DotNet.Start(Directory.GetFiles(Path.Combine(folder, "bin", "Debug"), OperatingSystem.IsWindows() ? $"{name}.exe" : name, SearchOption.AllDirectories).Single(), PackagedBuild.WorkFolder, 0);
    }

    private static string Code(string file) => Block(file, "csharp");

    private static string Block(string file, string language)
    {
        string text = File.ReadAllText(Path.Combine(DotNet.Repository, file)).ReplaceLineEndings("\n");
        return Regex.Match(text, $"```{language}\n(.*?)```", RegexOptions.Singleline).Groups[1].Value;
    }

    private static string Work(string name) => Path.Combine(PackagedBuild.WorkFolder, name);
}
