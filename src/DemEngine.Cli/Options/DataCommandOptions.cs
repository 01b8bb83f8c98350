using System.CommandLine;
using DemEngine.Cli.Formatting;
using DemEngine.Evaluation.Language;

namespace DemEngine.Cli.Options;

/// <summary>The options for how data files are read.</summary>
internal sealed class DataCommandOptions
{
    /// <summary>The forms of data, for descriptions of options that name files.</summary>
    public const string Forms =
        "JSON Lines, a JSON array, Parquet or Arrow, of {text}, {prompt, completion}, chats as {messages} or {conversations}, "
        + "{instruction, input, output}";

    private readonly Option<DataForm?> _form = new("--data-form")
    {
        Description = "Take all rows in this form, where their keys fit several. Default: as their keys say.",
        HelpName = string.Join("|", Enum.GetNames<DataForm>().Select(name => name.ToLowerInvariant())),
        CustomParser = result =>
        {
            if (Enum.TryParse(result.Tokens[0].Value, ignoreCase: true, out DataForm form) && Enum.IsDefined(form))
                return form;
            result.Refuse($"'{result.Tokens[0].Value}' is no form of data");
            return null;
        },
    };

    private readonly Option<string?> _template = new("--chat-template")
    {
        Description = "Template in Jinja by which chats become text, or chatml. Default: the model's own.",
        HelpName = "file",
    };

    private readonly Option<int?> _maxLength = new("--max-length")
    {
        Description = "Cut sequences to so many tokens. Default: what is longer than the model takes is an error.",
        HelpName = "tokens",
    };

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _form, _template, _maxLength })
            command.Options.Add(option);
        command.Validators.Add(result =>
        {
            if (result.GetResult(_maxLength) is { } length && !length.Errors.Any() && result.GetValue(_maxLength) < 2)
                result.AddError("--max-length: a whole number from 2 is wanted");
        });
    }

    public DataChoices Read(ParseResult parsed) => new()
    {
        Form = parsed.GetValue(_form),
        ChatTemplate = parsed.GetValue(_template),
        MaxLength = parsed.GetValue(_maxLength),
    };
}
