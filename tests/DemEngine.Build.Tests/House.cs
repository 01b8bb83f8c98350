using System.Diagnostics;
using System.IO.Compression;

namespace DemEngine.Build.Tests;

/// <summary>A throw-away solution that uses tools/OptionalPackages.targets, with a folder for its only package source.</summary>
internal sealed class House : IDisposable
{
    // Variables that reach a build as properties: this process may itself run under ones that choose a package source.
    private static readonly string[] Inherited = ["MSBuild", "Restore", "With"];

    private readonly string _root = Directory.CreateTempSubdirectory("dem-house-").FullName;

    public House(string source = "feed", params string[] projects)
    {
        Directory.CreateDirectory(Path.Combine(_root, "feed"));
        Write("NuGet.config", $"""
            <configuration>
              <packageSources><clear /><add key="only" value="{source}" /></packageSources>
              <packageSourceMapping><clear /></packageSourceMapping>
              <disabledPackageSources><clear /></disabledPackageSources>
              <fallbackPackageFolders><clear /></fallbackPackageFolders>
            </configuration>
            """);
        Write("Directory.Packages.props", """
            <Project>
              <PropertyGroup><ManagePackageVersionsCentrally>true</ManagePackageVersionsCentrally></PropertyGroup>
              <ItemGroup><PackageVersion Include="Dummy.Part" Version="1.0.0" Feature="dummies" /></ItemGroup>
            </Project>
            """);
        Write("Directory.Build.props", """
            <Project>
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework>
                <UseAppHost>false</UseAppHost>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
              </PropertyGroup>
            </Project>
            """);
        Write("Directory.Build.targets", """
            <Project>
              <Import Project="tools/OptionalPackages.targets" />
              <Target Name="Tell" AfterTargets="Build">
                <Message Importance="high" Text="has: $(HasDummyPart), constants: $(DefineConstants);" />
              </Target>
            </Project>
            """);
        Write("tools/OptionalPackages.targets",
            File.ReadAllText(Path.Combine(TestContext.CurrentContext.TestDirectory, "OptionalPackages.targets")));
        if (projects.Length == 0)
            projects = ["A"];
        foreach (string project in projects)
            Write($"{project}/{project}.csproj",
                """<Project Sdk="Microsoft.NET.Sdk"><ItemGroup><OptionalPackage Include="Dummy.Part" /></ItemGroup></Project>""");
        Write("House.slnx", $"<Solution>{string.Concat(projects.Select(p => $"<Project Path=\"{p}/{p}.csproj\" />"))}</Solution>");
    }

    /// <summary>Puts Dummy.Part 1.0.0 on the package source.</summary>
    public void AddPackage()
    {
        using ZipArchive package = ZipFile.Open(Path.Combine(_root, "feed", "Dummy.Part.1.0.0.nupkg"), ZipArchiveMode.Create);
        using (var nuspec = new StreamWriter(package.CreateEntry("Dummy.Part.nuspec").Open()))
            nuspec.Write("""
                <package>
                  <metadata>
                    <id>Dummy.Part</id><version>1.0.0</version><authors>none</authors><description>A dummy.</description>
                  </metadata>
                </package>
                """);
        package.CreateEntry("lib/net10.0/_._").Open().Dispose();
    }

    /// <summary>Has the solution know Dummy.Part by another name.</summary>
    public void Name(string name)
    {
        string file = Path.Combine(_root, "Directory.Packages.props");
        Write("Directory.Packages.props", File.ReadAllText(file).Replace("Feature=", $"Name=\"{name}\" Feature="));
    }

    /// <summary>Whether the last restore of the project took the package in.</summary>
    public bool HasReference(string project = "A") =>
        File.ReadAllText(Path.Combine(_root, project, "obj", "project.assets.json")).Contains("\"Dummy.Part/1.0.0\"");

    /// <summary>Runs one dotnet command on the solution, with a package folder of its own.</summary>
    public Outcome Run(string command, params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            WorkingDirectory = _root,
            RedirectStandardOutput = true,
        };
        foreach (string argument in (string[])[command, "House.slnx", "-tl:off", "-nodeReuse:false", .. arguments])
            start.ArgumentList.Add(argument);
        // The test run is itself a child of MSBuild, whose settings are not meant for this one.
        foreach (string name in start.Environment.Keys.Where(k => Inherited.Any(prefix => k.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))).ToList())
            start.Environment.Remove(name);
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        start.Environment["NUGET_PACKAGES"] = Path.Combine(_root, "packages");
        start.Environment["NUGET_ENHANCED_MAX_NETWORK_TRY_COUNT"] = "1";

        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd().Split("\nBuild succeeded.")[0]; // The summary repeats the warnings.
        process.WaitForExit();
        TestContext.Out.WriteLine(output);
        return new Outcome(process.ExitCode, output);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private void Write(string path, string text)
    {
        string full = Path.Combine(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }
}

/// <summary>What a dotnet command answered.</summary>
internal sealed record Outcome(int ExitCode, string Output)
{
    public int Warnings => Count("warning DEM0001: Dummy.Part 1.0.0");

    public int Probes => Count("Asking the package sources");

    public bool Has => Output.Contains("has: true") && Output.Contains(";HAS_DUMMYPART");

    private int Count(string text) => Output.Split(text).Length - 1;
}
