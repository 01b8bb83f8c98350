using DemEngine.Errors;
using DemEngine.Evaluation.Tokenization.Definition;

namespace DemEngine.Evaluation.Tokenization.SentencePiece;

/// <summary>
/// The merges that scores imply. SentencePiece joins the two neighbours that make the piece with the highest score, the leftmost of equals; so every way of
/// cutting a piece in two pieces is a merge, and merges come in the order of scores.
/// </summary>
internal static class ImpliedMerges
{
    /// <exception cref="DemException">DEM2104: scores do not say which of two pieces comes first.</exception>
    public static List<(string Left, string Right)> Of(SentencePieceModel model, Dictionary<string, int> vocabulary, string file)
    {
        bool IsPart(string text) => vocabulary.TryGetValue(text, out int id) && model.Pieces[id].Type == PieceType.Normal;

        var merges = new List<(string, string)>();
        Piece? before = null;
        foreach (Piece piece in model.Pieces.Where(piece => piece.Type == PieceType.Normal).OrderByDescending(piece => piece.Score))
        {
            int count = merges.Count;
            for (int cut = 1; cut < piece.Text.Length; cut++)
            {
                if (IsPart(piece.Text[..cut]) && IsPart(piece.Text[cut..]))
                    merges.Add((piece.Text[..cut], piece.Text[cut..]));
            }

            if (merges.Count == count)
                continue;
            if (before is { } other && other.Score == piece.Score)
                throw TokenizerFault.Unsupported(file, $"the pieces {Quoted.Name(other.Text)} and {Quoted.Name(piece.Text)} have the same score, which is not supported");
            before = piece;
        }

        return merges;
    }
}
