using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace DemEngine.Packages.Tests;

/// <summary>What every package carries for those who find it.</summary>
public partial class PackageContentTests
{
    private static readonly string[] Ids = ["DemEngine", "DemEngine.Cli", "DemEngine.Evaluation", "DemEngine.Kernels", "DemEngine.Remote", "DemEngine.Search", "DemEngine.Training"];

    [Test]
    public void These_are_the_packages()
    {
        Assert.That(PackagedBuild.Packages.Select(file => Path.GetFileName(file)), Is.EquivalentTo(Ids.Select(id => $"{id}.{PackagedBuild.Version}.nupkg")));
        Assert.That(PackagedBuild.Version, Does.Match(@"^\d+\.\d+\.\d+(-[0-9a-z.]+)?$"));
    }

    [TestCaseSource(nameof(Ids))]
    public void A_package_says_what_it_is_and_under_which_licence(string id)
    {
        using ZipArchive package = Open(id);
        XElement metadata = Metadata(package, id);
        Assert.That(Value("license"), Is.EqualTo("MIT"));
        Assert.That(Value("authors"), Is.EqualTo("The DemEngine authors"));
        Assert.That(Value("description"), Is.Not.Empty.And.Not.EqualTo("Package Description"));
        Assert.That(Value("tags").Split(' '), Does.Contain("safetensors"));
        Assert.That(Value("releaseNotes"), Does.StartWith("## "));
        Assert.That(package.GetEntry(Value("icon")), Is.Not.Null);
        Assert.That(package.GetEntry(Value("readme")), Is.Not.Null);
        Assert.That(Text(package, "LICENSE"), Does.Contain("MIT License").And.Contain("The DemEngine authors"));
        Assert.That(File.Exists(Path.Combine(PackagedBuild.PackagesFolder, $"{id}.{PackagedBuild.Version}.snupkg")), "its symbols");

        string Value(string name) => metadata.Element(metadata.Name.Namespace + name)?.Value ?? "";
    }

    [TestCaseSource(nameof(Ids))]
    public void What_its_page_shows_is_in_it_or_has_a_whole_address(string id)
    {
        using ZipArchive package = Open(id);
        foreach (Match link in LinkPattern().Matches(Text(package, "README.md")))
        {
            string target = link.Groups[1].Value;
            Assert.That(target.StartsWith("https://", StringComparison.Ordinal) || package.GetEntry(target) is not null, target);
        }
    }

    [TestCaseSource(nameof(Ids))]
    public void No_path_of_the_machine_that_built_it_is_in_it(string id)
    {
        using ZipArchive package = Open(id);
        byte[] path = Encoding.UTF8.GetBytes(DotNet.Repository);
        foreach (ZipArchiveEntry entry in package.Entries.Where(entry => entry.Name is "dem.dll" || entry.Name.StartsWith("DemEngine", StringComparison.Ordinal)))
            Assert.That(Bytes(entry).AsSpan().IndexOf(path), Is.Negative, entry.FullName);
    }

    [Test]
    public void The_engine_needs_two_packages_only()
    {
        using ZipArchive package = Open("DemEngine");
        XElement metadata = Metadata(package, "DemEngine");
        Assert.That(metadata.Descendants(metadata.Name.Namespace + "dependency").Select(one => one.Attribute("id")!.Value), Is.EquivalentTo(["System.IO.Hashing", "YamlDotNet"]));
    }

    [Test]
    public void Libtorch_is_in_none()
    {
        foreach (string id in Ids)
        {
            using ZipArchive package = Open(id);
            Assert.That(package.Entries.Select(entry => entry.Name), Has.None.Contain("torch_cpu"), id);
        }
    }

    private static ZipArchive Open(string id) => ZipFile.OpenRead(Path.Combine(PackagedBuild.PackagesFolder, $"{id}.{PackagedBuild.Version}.nupkg"));

    private static XElement Metadata(ZipArchive package, string id)
    {
        XElement root = XDocument.Parse(Text(package, $"{id}.nuspec")).Root!;
        return root.Element(root.Name.Namespace + "metadata")!;
    }

    private static string Text(ZipArchive package, string name) => new UTF8Encoding(false).GetString(Bytes(package.GetEntry(name)!)).TrimStart('\uFEFF');

    private static byte[] Bytes(ZipArchiveEntry entry)
    {
        using Stream content = entry.Open();
        var bytes = new MemoryStream();
        content.CopyTo(bytes);
        return bytes.ToArray();
    }

    [GeneratedRegex(@"\]\(([^)#]+)\)")]
    private static partial Regex LinkPattern();
}
