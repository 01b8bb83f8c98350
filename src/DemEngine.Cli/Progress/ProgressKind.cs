namespace DemEngine.Cli.Progress;

/// <summary>How progress is shown.</summary>
internal enum ProgressKind
{
    /// <summary>A bar on a terminal, plain lines elsewhere, and nothing with --quiet or --json.</summary>
    Auto,

    /// <summary>A bar that is drawn again and again.</summary>
    Bar,

    /// <summary>A line of text every few seconds.</summary>
    Plain,

    /// <summary>A JSON object a line.</summary>
    Json,

    /// <summary>Nothing.</summary>
    None,
}
