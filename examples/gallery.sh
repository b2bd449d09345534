#!/usr/bin/env bash
# Makes the paintings of README.md and docs/ again, but for that of multiscale.sh and the film, into results/. On two CPU
# cores this takes an hour, and a quarter of one more for each picture of README's gallery at its beginning.
set -euo pipefail
cd "$(dirname "$0")/.."
c=images/inputs/content s=images/inputs/style m=images/inputs/mask d=images/inputs/doodle rows="--image_size 256"

while read -r photo style; do
  python paint.py $c/$photo $s/$style results/${photo%.*}-${style%.*} --image_size max1000
done <<'PAIRS'
great-wall.jpg composition-viii.jpg
scarlet-macaw.jpg great-wave.jpg
eiffel-tower.jpg cafe-terrace.jpg
kingfisher.jpg starry-night.jpg
chenonceau-castle.jpg moulin-de-la-galette.jpg
neuschwanstein-castle.jpg daedalus-and-icarus.png
great-wall.jpg ryogoku-bridge.jpg
playing-kitten.jpg night-cafe.jpg
PAIRS

# docs/painting.md
for size in 200 400 800 1600; do
  python paint.py $c/neuschwanstein-castle.jpg $s/starry-night.jpg results/size-$size --image_size $size --quality draft
done
for weight in 0.01 0.03 0.1; do
  python paint.py $c/neuschwanstein-castle.jpg $s/starry-night.jpg results/photograph-$weight $rows --content_weight $weight
done
for size in 0.5 2; do
  python paint.py $c/neuschwanstein-castle.jpg $s/starry-night.jpg results/strokes-$size $rows --style_size $size
done
python paint.py $c/scarlet-macaw.jpg $s/great-wave.jpg results/colours $rows
python paint.py $c/scarlet-macaw.jpg $s/great-wave.jpg results/colours-matched $rows --color_match linear
python paint.py $c/scarlet-macaw.jpg $s/great-wave.jpg results/colours-kept $rows --preserve_color
python paint.py $c/neuschwanstein-castle.jpg $s/starry-night.jpg results/masked $rows --keep_unmasked --mask_feather 4 --style_masks $m/castle-sky.png
python paint.py $c/neuschwanstein-castle.jpg $s/starry-night.jpg $s/village-street-in-auvers.jpg results/two-masks $rows --style_masks $m/castle-sky.png $m/castle-ground.png
python paint.py $c/neuschwanstein-castle.jpg $s/starry-night.jpg $s/village-street-in-auvers.jpg results/sky-to-sky $rows --style_mask_space style --style_masks $m/starry-night-sky.png $m/village-street-ground.png --content_masks $m/castle-sky.png $m/castle-ground.png
python make_mask.py $c/kingfisher.jpg --invert -o results/ground-mask.png
python paint.py $c/kingfisher.jpg $s/starry-night.jpg results/ground $rows --content_mask results/ground-mask.png --keep_unmasked --mask_feather 2
for share in 0.25 1; do
  python paint.py $c/neuschwanstein-castle.jpg $s/starry-night.jpg $s/village-street-in-auvers.jpg results/two-$share $rows --style_weight 1 $share
done
for quality in draft best; do
  python paint.py $c/neuschwanstein-castle.jpg $s/starry-night.jpg results/quality-$quality $rows --quality $quality
done
for smoothness in 0 8; do
  python paint.py $c/neuschwanstein-castle.jpg $s/starry-night.jpg results/smoothness-$smoothness $rows --smoothness $smoothness
done
for style in composition-viii great-wave; do
  python paint.py $c/kingfisher-silhouette.png $s/$style.jpg results/silhouette-$style $rows --content_weight 0.01
  python paint.py $s/$style.jpg $s/$style.jpg results/texture-$style $rows --content_weight 0 --init_image noise
done
python neural_doodle.py --style-image $s/starry-night.jpg --style-mask $d/starry-night-style.png --target-mask $d/starry-night-target.png --target-image-prefix results/doodle-starry-night --style_loss wasserstein --scales 100 141 200 283 400 --num_iter 3 3 3 3 2
python neural_doodle.py --style-image $s/great-wave.jpg --style-mask $d/great-wave-style.png --target-mask $d/great-wave-target.png --target-image-prefix results/doodle-great-wave --style_loss wasserstein --scales 80 113 160 226 320 --num_iter 3 3 3 3 2
python neural_doodle.py --style-image $s/village-street-in-auvers.jpg --style-mask $d/village-street-style.png --target-mask $d/village-street-target.png --content-image images/inputs/content/neuschwanstein-castle.jpg --target-image-prefix results/doodle-village-street --style_loss wasserstein --scales 80 113 160 226 320 --num_iter 3 3 3 3 2 --content_weight 0.25
while read -r preset photo style; do
  python paint.py $c/$photo $s/$style results/$preset-${photo%.*}-${style%.*} --image_size 160 --preset $preset
done <<'PRESETS'
oil kingfisher.jpg starry-night.jpg
oil eiffel-tower.jpg cafe-terrace.jpg
oil chenonceau-castle.jpg moulin-de-la-galette.jpg
ink neuschwanstein-castle.jpg daedalus-and-icarus.png
ink scarlet-macaw.jpg daedalus-and-icarus.png
ink eiffel-tower.jpg ryogoku-bridge.jpg
portrait playing-kitten.jpg night-cafe.jpg
portrait playing-kitten.jpg summertime.jpg
portrait scarlet-macaw.jpg great-wave.jpg
colours kingfisher.jpg great-wave.jpg
colours great-wall.jpg ryogoku-bridge.jpg
colours chenonceau-castle.jpg village-street-in-auvers.jpg
texture kingfisher.jpg composition-viii.jpg
texture playing-kitten.jpg great-wave.jpg
texture neuschwanstein-castle.jpg starry-night.jpg
PRESETS

# docs/coming-from.md
for weight in 0.05 2 20; do
  python network.py images/inputs/content/neuschwanstein-castle.jpg images/inputs/style/starry-night.jpg results/castle-$weight --image_size 300 --num_iter 4 --content_weight $weight
done
for weight in 0.025 5 20; do
  python network.py images/inputs/content/neuschwanstein-castle.jpg images/inputs/style/starry-night.jpg results/scales-$weight --scales 96 192 384 --num_iter 4 4 2 --content_weight $weight
done
python network.py images/inputs/content/neuschwanstein-castle.jpg images/inputs/style/starry-night.jpg results/scales-conv4_2 --scales 96 192 384 --num_iter 4 4 2 --content_layer conv4_2 --content_weight 0.07
python inetwork.py images/inputs/content/neuschwanstein-castle.jpg images/inputs/style/starry-night.jpg results/inetwork --image_size 300 --num_iter 4 --content_weight 2
