using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace DemEngine.Architecture.Tests;

/// <summary>The production code of this repository: its files, and which of them uses which, found by binding every name to the file that declares it.</summary>
internal sealed class SourceTree
{
    private static readonly Lazy<SourceTree> Whole = new(() => new SourceTree());

    private readonly Dictionary<string, HashSet<string>> _uses = [];

    private SourceTree()
    {
        var options = new CSharpParseOptions(LanguageVersion.Latest, DocumentationMode.Diagnose);
        Files = [.. new[] { "src", "kernels" }.SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories))
            .Where(file => !file.Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin")).Order(StringComparer.Ordinal)];
        var trees = Files.Select(file => CSharpSyntaxTree.ParseText(File.ReadAllText(file), options, file)).ToList();
        var compilation = CSharpCompilation.Create(
            "all", [.. trees, CSharpSyntaxTree.ParseText(ImplicitUsings, options, "usings")], References(),
            new CSharpCompilationOptions(OutputKind.ConsoleApplication, allowUnsafe: true, nullableContextOptions: NullableContextOptions.Enable));
        foreach (SyntaxTree tree in trees)
            _uses.Add(tree.FilePath, UsedBy(tree, compilation.GetSemanticModel(tree)));
    }

    /// <summary>All of it.</summary>
    public static SourceTree Read() => Whole.Value;

    /// <summary>The folder of the repository.</summary>
    public static string Root { get; } =
        typeof(SourceTree).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(data => data.Key == "RepositoryFolder").Value!;

    /// <summary>Every file of production code.</summary>
    public IReadOnlyList<string> Files { get; }

    /// <summary>How many names were bound to other files.</summary>
    public int Uses => _uses.Values.Sum(files => files.Count);

    /// <summary>The files that a file uses, itself left out.</summary>
    public IEnumerable<string> UsedBy(string file) => _uses[file];

    /// <summary>A path as it is shown.</summary>
    public static string Show(string path) => Path.GetRelativePath(Root, path).Replace('\\', '/');

    private const string ImplicitUsings =
        "global using System; global using System.IO; global using System.Linq; global using System.Collections.Generic; global using System.Threading; "
        + "global using System.Threading.Tasks; global using System.Net.Http;";

    private static HashSet<string> UsedBy(SyntaxTree tree, SemanticModel model)
    {
        var used = new HashSet<string>();
        foreach (SimpleNameSyntax name in tree.GetRoot().DescendantNodes().OfType<SimpleNameSyntax>())
        {
            SymbolInfo info = model.GetSymbolInfo(name);
            ISymbol? symbol = info.Symbol ?? info.CandidateSymbols.FirstOrDefault();
            if (symbol is null or INamespaceSymbol)
                continue;
            symbol = symbol is IMethodSymbol { ReducedFrom: { } extension } ? extension : symbol.OriginalDefinition;
            foreach (SyntaxReference declaration in symbol.DeclaringSyntaxReferences)
                used.Add(declaration.SyntaxTree.FilePath);
        }

        used.Remove(tree.FilePath);
        return used;
    }

    /// <summary>What this test runs with, but for our own assemblies: these are compiled from their sources.</summary>
    private static IEnumerable<MetadataReference> References() =>
        ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
        .Where(file => !Path.GetFileName(file).StartsWith("DemEngine", StringComparison.Ordinal) && Path.GetFileName(file) != "dem.dll")
        .Select(file => MetadataReference.CreateFromFile(file));
}
