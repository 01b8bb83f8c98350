using YamlDotNet.Core;
using YamlDotNet.Core.Tokens;

namespace DemEngine.Recipes.Text;

/// <summary>
/// A scanner that stays at a comma until it is consumed. After an anchored scalar in a flow mapping YamlDotNet's parser asks for
/// the next token twice, and its own scanner then loses the comma, so that <c>{model: &amp;m a, parameters: {}}</c> is refused.
/// </summary>
internal sealed class SteadyScanner(TextReader text) : IScanner
{
    private readonly Scanner _scanner = new(text);

    public Mark CurrentPosition => _scanner.CurrentPosition;

    public Token? Current => _scanner.Current;

    public bool MoveNext() => _scanner.MoveNext();

    public bool MoveNextWithoutConsuming() => _scanner.Current is FlowEntry || _scanner.MoveNextWithoutConsuming();

    public void ConsumeCurrent() => _scanner.ConsumeCurrent();
}
