using DemEngine.Errors;
using DemEngine.Merging.Models;
using DemEngine.Recipes;
using DemEngine.Recipes.Text;
using DemEngine.Vocabularies;

namespace DemEngine.Merging.Tokens;

/// <summary>Sets the chat template of a recipe's result as <c>chat_template</c> says.</summary>
internal static class ChatTemplatePlan
{
    /// <summary>Checks that the recipe's chat template is <c>auto</c>, the name of one, or one itself.</summary>
    /// <exception cref="DemException">DEM3004 (WrongValue): it is none of these.</exception>
    public static void Check(Recipe recipe)
    {
        if (recipe.ChatTemplate is not { } asked
            || asked.Value == ChatTemplates.Auto
            || ChatTemplates.Find(asked.Value) is not null
            || ChatTemplates.IsJinja(asked.Value))
            return;

        string[] words = [ChatTemplates.Auto, .. ChatTemplates.Names];
        throw asked.Place.Error(
            ErrorCode.WrongValue,
            $"{Shown.Quote(asked.Value)} is no chat template{Misspelling.DidYouMean(asked.Value, words)}; "
            + $"expected {string.Join(", ", words)}, or a text in Jinja");
    }

    /// <summary>Sets the chat template in the result's side files.</summary>
    /// <param name="recipe">Recipe whose template has been checked.</param>
    /// <param name="paths">Paths of the merged models, the base first.</param>
    /// <param name="models">Registry that finds models by path or by recipe name.</param>
    /// <param name="files">Side files of the result, by name.</param>
    /// <returns>Remarks for the user.</returns>
    /// <exception cref="DemException">DEM2023 (BadSideFile): a file with settings is not a JSON object.</exception>
    public static IReadOnlyList<string> Apply(
        Recipe recipe,
        IEnumerable<ModelPath> paths,
        SourceModels models,
        Dictionary<string, byte[]> files)
    {
        if (recipe.ChatTemplate is not { } asked)
            return [];
        if (asked.Value != ChatTemplates.Auto)
        {
            ChatTemplateFiles.Set(files, ChatTemplates.Find(asked.Value) ?? asked.Value, "the output");
            return [];
        }

        (ModelPath Path, string? Template)[] found =
            [
                .. paths.DistinctBy(path => path.Resolved)
                    .Select(path => (path, ChatTemplateFiles.Find(models.Find(path).Files, path.Written))),
            ];
        IGrouping<string?, (ModelPath Path, string? Template)>? commonest = found.Where(one => one.Template is not null)
            .GroupBy(one => one.Template)
            .MaxBy(group => group.Count());
        if (commonest is null)
            return ["chat_template: auto finds none, since no model has a chat template"];

        ChatTemplateFiles.Set(files, commonest.Key!, "the output");
        return
        [
            $"chat_template: auto takes that of {Quoted.Name(commonest.First().Path.Written)}, "
            + $"which {commonest.Count()} of {found.Length} models have",
        ];
    }
}
