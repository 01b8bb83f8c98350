namespace DemEngine.Lab.Charts;

/// <summary>Style of the pictures: it needs no font and follows the viewer's light or dark setting.</summary>
internal static class SvgStyle
{
    /// <summary>The style element, with the classes <c>paper</c>, <c>heading</c>, <c>faint</c> and <c>rule</c>.</summary>
    public const string Element = """
        <style>
        svg { color-scheme: light dark; }
        text { font: 11px ui-sans-serif, system-ui, "Segoe UI", "DejaVu Sans", Arial, sans-serif; fill: #1f2328; }
        .paper { fill: #ffffff; }
        .heading { font-size: 15px; font-weight: 600; }
        .faint { fill: #59636e; }
        .rule { stroke: #8c959f; stroke-width: 1; fill: none; }
        @media (prefers-color-scheme: dark) {
        text { fill: #e6edf3; }
        .paper { fill: #0d1117; }
        .faint { fill: #9198a1; }
        .rule { stroke: #6e7681; }
        }
        </style>
        """;
}
