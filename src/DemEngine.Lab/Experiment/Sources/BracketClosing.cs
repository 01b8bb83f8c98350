using System.Text;

namespace DemEngine.Lab.Experiment.Sources;

/// <summary>
/// Beginnings of well-formed bracket strings; the answer closes what is still open. They form a language of nested pairs (Dyck).
/// </summary>
public sealed class BracketClosing() : TextSource("brackets", "What is open, closed: \"close [()({=\" is })].")
{
    private const int Shortest = 4;
    private const int Longest = 8;
    private const string Opening = "([{";
    private const string Closing = ")]}";

    /// <inheritdoc/>
    public override Exercise Draw(RandomDraw random)
    {
        // At least one bracket must be open at the end, or the answer would be empty.
        var text = new StringBuilder();
        var open = new Stack<char>();
        int length = random.Between(Shortest, Longest);
        while (text.Length < length || open.Count == 0)
        {
            if (open.Count > 0 && text.Length + 1 < length && random.Below(5) < 2)
            {
                text.Append(open.Pop());
                continue;
            }

            int kind = random.Below(Opening.Length);
            text.Append(Opening[kind]);
            open.Push(Closing[kind]);
        }

        return new Exercise($"close {text}=", string.Concat(open));
    }
}
