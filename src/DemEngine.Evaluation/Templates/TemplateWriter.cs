using System.Collections.Immutable;
using System.Text;

namespace DemEngine.Evaluation.Templates;

/// <summary>A part of a text.</summary>
/// <param name="First">Index of the part's first character.</param>
/// <param name="End">Index behind its last character.</param>
internal readonly record struct TextSpan(int First, int End);

/// <summary>The text that a template writes, and which parts of it an assistant says.</summary>
internal sealed class TemplateWriter
{
    private readonly StringBuilder _text = new();
    private readonly ImmutableArray<TextSpan>.Builder _generated = ImmutableArray.CreateBuilder<TextSpan>();

    /// <summary>Number of characters written.</summary>
    public int Length => _text.Length;

    /// <summary>The parts inside <c>{% generation %}</c>, in their order.</summary>
    public ImmutableArray<TextSpan> Generated => _generated.ToImmutable();

    /// <summary>Writes text.</summary>
    public void Write(string text) => _text.Append(text);

    /// <summary>Notes that what was written since an index is said by an assistant.</summary>
    public void MarkGenerated(int first) => _generated.Add(new TextSpan(first, _text.Length));

    /// <inheritdoc/>
    public override string ToString() => _text.ToString();
}
