namespace DemEngine.Evaluation.Templates;

/// <summary>Makes the errors about a template.</summary>
internal static class TemplateFault
{
    /// <summary>Makes the error DEM2080 (BadChatTemplate), which names the template and the line.</summary>
    public static DemException At(string template, int line, string what) =>
        new(ErrorCode.BadChatTemplate, $"{template}:{line}: {what}") { Path = template, Line = line };

    /// <summary>
    /// Makes the error DEM2081 (ChatRefused): the template itself calls <c>raise_exception</c> for what it is given.
    /// </summary>
    public static DemException Refused(string template, int line, string message) =>
        new(ErrorCode.ChatRefused, $"{template}:{line}: the template refuses: {message}") { Path = template, Line = line };
}
