using DemEngine.Errors;
using DemEngine.Evaluation.Tokenization.Definition;

namespace DemEngine.Evaluation.Tokenization.SentencePiece;

/// <summary>
/// Derives the merges that the scores of pieces imply. SentencePiece joins the two neighbours that make the piece with the
/// highest score, or the leftmost of equals. Therefore every division of a piece into two pieces is a merge, and the merges are
/// ordered by score.
/// </summary>
internal static class ImpliedMerges
{
    /// <exception cref="DemException">
    /// DEM2104 (NoTokenizer): two pieces that are made by merges have the same score, so their order is undefined.
    /// </exception>
    public static List<(string Left, string Right)> Of(SentencePieceModel model, Dictionary<string, int> vocabulary, string file)
    {
        bool IsPart(string text) => vocabulary.TryGetValue(text, out int id) && model.Pieces[id].Type == PieceType.Normal;

        var merges = new List<(string, string)>();
        Piece? before = null;
        foreach (Piece piece in model.Pieces
            .Where(piece => piece.Type == PieceType.Normal)
            .OrderByDescending(piece => piece.Score))
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
                throw TokenizerFault.Unsupported(
                    file,
                    $"the pieces {Quoted.Name(other.Text)} and {Quoted.Name(piece.Text)} have the same score, "
                    + "which is not supported");
            before = piece;
        }

        return merges;
    }
}
