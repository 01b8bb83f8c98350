using System.Collections.Immutable;
using System.Text;
using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Recipes;
using DemEngine.Recipes.Text;

namespace DemEngine.Merging.Cards;

/// <summary>
/// The model card of a merge, as the Hugging Face Hub shows it, and its recipe. Neither names a time or a machine, so that the
/// same merge has the same card. The front matter follows https://huggingface.co/docs/hub/model-cards.
/// </summary>
internal sealed class ModelCard
{
    /// <summary>File name of the card.</summary>
    public const string FileName = "README.md";

    /// <summary>File name of the recipe, which is the one that mergekit gives it.</summary>
    public const string RecipeFileName = "mergekit_config.yml";

    private const int MostNamesInTitle = 3;

    private readonly Recipe _recipe;
    private readonly string[] _models;
    private readonly AlignmentOptions _alignment;
    private readonly string? _library;
    private readonly Lazy<StatedLicense?> _license;

    /// <param name="recipe">Recipe of the merge.</param>
    /// <param name="inputs">Inputs of the merge: the base, then the others.</param>
    /// <param name="alignment">Policies that the merge was made with.</param>
    /// <param name="sideFiles">Paths of the output's side files, which tell the library that opens it.</param>
    /// <param name="license">Licence of the inputs, read on first use.</param>
    public ModelCard(
        Recipe recipe,
        ImmutableArray<ManifestInput> inputs,
        AlignmentOptions alignment,
        IEnumerable<string> sideFiles,
        Lazy<StatedLicense?> license)
    {
        _recipe = recipe;
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        recipe.WithPaths(path =>
        {
            names[path.Written] = CardName.Of(path).Written;
            return path;
        });
        _models =
        [
            .. inputs.Select(input => names.GetValueOrDefault(input.Path) ?? CardName.Of(input.Path))
                .Distinct(StringComparer.Ordinal),
        ];
        _alignment = alignment;
        _license = license;
        string[] files = [.. sideFiles];
        _library = files.Contains("modules.json", StringComparer.Ordinal) ? "sentence-transformers"
            : files.Contains("model_index.json", StringComparer.Ordinal) ? "diffusers"
            : files.Contains("config.json", StringComparer.Ordinal) ? "transformers"
            : null;
    }

    /// <summary>Size of the files in bytes.</summary>
    public long Bytes => Files(new string('0', 32)).Sum(file => (long)file.Contents.Length);

    /// <summary>Returns the card and the recipe.</summary>
    /// <param name="tensorsHash">Hash of the output's tensors; see <see cref="Manifest.TensorsHash"/>.</param>
    public (string Name, byte[] Contents)[] Files(string tensorsHash) =>
    [
        (FileName, Encoding.UTF8.GetBytes(FrontMatter() + Body(tensorsHash))),
        (RecipeFileName, Encoding.UTF8.GetBytes(_recipe.ToYaml())),
    ];

    private string FrontMatter()
    {
        var yaml = new StringBuilder("---\n");
        string[] repositories =
        [
            .. _models.SelectMany(model => model.Split('+')).Select(CardName.RepositoryOf).OfType<string>()
                .Distinct(StringComparer.Ordinal),
        ];
        if (repositories.Length > 0)
        {
            yaml.Append("base_model:\n");
            foreach (string repository in repositories)
                yaml.Append("- ").Append(YamlScalar.Write(repository)).Append('\n');
            yaml.Append("base_model_relation: merge\n");
        }

        void Line(string key, string? value)
        {
            if (value is not null)
                yaml.Append(key).Append(": ").Append(YamlScalar.Write(value)).Append('\n');
        }

        Line("library_name", _library);
        yaml.Append("tags:\n- merge\n- dem\n");
        Line("license", _license.Value?.Id);
        Line("license_name", _license.Value?.Name);
        Line("license_link", _license.Value?.Link);
        return yaml.Append("---\n").ToString();
    }

    private string Body(string tensorsHash)
    {
        string recipe = _recipe
            .WithPaths(path => path.IsStage ? path : CardName.Of(path))
            .ToYaml();
        string fence = FenceFor(recipe);
        string[] methods = [.. _recipe.Stages.Append(_recipe).Select(stage => stage.MergeMethod.Value).Distinct()];
        var text = new StringBuilder($"# {Title()}\n\n");
        text.Append($"This model was merged by {Manifest.ThisEngine} with the {(methods.Length == 1 ? "method" : "methods")} ");
        text.Append(Listed([.. methods.Select(Code)])).Append(" from\n\n");
        foreach (string model in _models)
            text.Append("- ").Append(Code(model)).Append(model == BaseName ? " (base)\n" : "\n");

        text.Append("\n## Recipe\n\n").Append(fence).Append("yaml\n").Append(recipe).Append(fence).Append("\n\n");
        text.Append("## Reproduction\n\n");
        text.Append($"`dem merge {RecipeFileName} --out FOLDER` made it{Policies()}");
        text.Append(", where the recipe's paths lead to the same models. ");
        text.Append("The same models, recipe and version give the same bytes on every machine. ");
        text.Append($"`{Manifest.FileName}` has the fingerprints of the inputs and a hash of every tensor; ");
        text.Append("`dem verify FOLDER` checks the tensors against it.\n\n");
        return text.Append($"Hash of all tensors (XXH3-128): `{tensorsHash}`\n").ToString();
    }

    private string? BaseName => _recipe.BaseModel is { IsStage: false } path ? CardName.Of(path).Written : null;

    private string Title()
    {
        string[] names = [.. _models.Select(model => Escaped(model[(model.TrimEnd('/').LastIndexOf('/') + 1)..]))];
        return names.Length switch
        {
            1 => $"Merge of {names[0]}",
            <= MostNamesInTitle => $"Merge of {Listed(names)}",
            _ => $"Merge of {names.Length} models",
        };
    }

    private string Policies()
    {
        string[] policies =
        [
            .. new[]
            {
                _alignment.Missing == default ? null : $"missing tensors: {_alignment.Missing}",
                _alignment.Extra == default ? null : $"extra tensors: {_alignment.Extra}",
                _alignment.Vocabulary == default ? null : $"vocabularies of other sizes: {_alignment.Vocabulary}",
                _alignment.Experts == default ? null : $"experts: {_alignment.Experts}",
            }.OfType<string>(),
        ];
        return policies.Length == 0 ? "" : $" with other policies than the defaults ({string.Join("; ", policies)})";
    }

    private static string Listed(string[] items) =>
        items.Length == 1 ? items[0] : $"{string.Join(", ", items[..^1])} and {items[^1]}";

    private static string Code(string text)
    {
        string line = OnOneLine(text);
        return line.Contains('`', StringComparison.Ordinal) ? $"`` {line} ``" : $"`{line}`";
    }

    private static string Escaped(string text) => string.Concat(
        OnOneLine(text).Select(c => "\\`*_{}[]<>()#|!~&".Contains(c, StringComparison.Ordinal) ? $"\\{c}" : $"{c}"));

    private static string OnOneLine(string text) =>
        string.Concat(text.Select(c => char.IsControl(c) || c is '\u2028' or '\u2029' ? ' ' : c));

    /// <summary>Returns a fence longer than any run of backticks in the text, so that nothing in it ends the block.</summary>
    private static string FenceFor(string text)
    {
        int longest = 0;
        int run = 0;
        foreach (char c in text)
        {
            run = c == '`' ? run + 1 : 0;
            longest = Math.Max(longest, run);
        }

        return new string('`', Math.Max(3, longest + 1));
    }
}
